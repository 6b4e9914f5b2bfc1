/* Bodies within their bounds: what is held is counted, whatever comes and however it ends. */
#include <zlib.h>

#include "collectors/http_body.h"
#include "tests/support/test.h"

enum { BODY_BYTES = 1000000, HELD_BYTES = 4000000 };

static struct metric held;
static struct http_body_limits limits = {BODY_BYTES, HELD_BYTES, &held};

static int64_t held_bytes(void)
{
    return metric_value(&held);
}

/* So many blanks as one gzip member. */
static struct packer blanks(uint32_t count)
{
    struct packer out = {0};
    z_stream stream = {0};
    char *text = malloc(count + 1);
    memset(text, ' ', count);
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    vec_reserve(&out.bytes, (uint32_t)deflateBound(&stream, count));
    stream.next_in = (Bytef *)text;
    stream.avail_in = count;
    stream.next_out = (Bytef *)out.bytes.at;
    stream.avail_out = out.bytes.capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.bytes.count = out.bytes.capacity - stream.avail_out;
    deflateEnd(&stream);
    free(text);
    return out;
}

/* The outcome of a body that comes in pieces of so many bytes; the memory never is above the bound. */
static enum http_body_outcome take_all(struct http_body *body, struct str all, uint32_t piece_size)
{
    enum http_body_outcome outcome = HTTP_BODY_GOOD;
    while (all.size > 0 && outcome == HTTP_BODY_GOOD) {
        struct str piece = {all.at, all.size < piece_size ? all.size : piece_size};
        outcome = http_body_take(body, piece, &limits);
        assert_true(body->plain.bytes.capacity <= limits.body_bytes);
        assert_int_equal(held_bytes(), body->counted_bytes);
        all = (struct str){all.at + piece.size, all.size - piece.size};
    }
    return outcome == HTTP_BODY_GOOD ? http_body_end(body, &limits) : outcome;
}

static void assert_taken(enum coding coding, struct str all, uint32_t plain_bytes)
{
    static const uint32_t sizes[] = {1, 1000, 32768, 1 << 30};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct http_body body = {.coding = coding};
        assert_int_equal(take_all(&body, all, sizes[i]), HTTP_BODY_GOOD);
        assert_int_equal(body.plain.bytes.count, plain_bytes);
        assert_int_equal(held_bytes(), plain_bytes); /* the inflater is gone */
        http_body_release(&body, &limits);
        http_body_release(&body, &limits);
        assert_int_equal(held_bytes(), 0);
    }
}

static void assert_refused(enum coding coding, struct str all, enum http_body_outcome expected)
{
    static const uint32_t sizes[] = {1, 32768, 1 << 30};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct http_body body = {.coding = coding};
        assert_int_equal(take_all(&body, all, sizes[i]), expected);
        http_body_release(&body, &limits);
        assert_int_equal(held_bytes(), 0);
    }
}

static void a_body_may_come_to_its_bound(void **state)
{
    (void)state;
    char *text = calloc(1, BODY_BYTES);
    struct packer coded = blanks(BODY_BYTES);
    assert_taken(CODING_NONE, (struct str){text, BODY_BYTES}, BODY_BYTES);
    assert_taken(CODING_IDENTITY, (struct str){text, 5}, 5);
    assert_taken(CODING_GZIP, (struct str){coded.bytes.at, coded.bytes.count}, BODY_BYTES);
    vec_release(&coded.bytes);
    free(text);
}

static void a_byte_more_is_too_large(void **state)
{
    (void)state;
    char *text = calloc(1, BODY_BYTES + 1);
    struct packer coded = blanks(BODY_BYTES + 1);
    assert_refused(CODING_NONE, (struct str){text, BODY_BYTES + 1}, HTTP_BODY_TOO_LARGE);
    assert_refused(CODING_GZIP, (struct str){coded.bytes.at, coded.bytes.count}, HTTP_BODY_TOO_LARGE);
    vec_release(&coded.bytes);
    free(text);
}

static void what_comes_is_bounded_though_it_comes_to_nothing(void **state)
{
    (void)state;
    struct packer all = {0}, coded = blanks(0);
    while (all.bytes.count <= BODY_BYTES)
        pack_raw(&all, coded.bytes.at, coded.bytes.count);
    assert_refused(CODING_GZIP, (struct str){all.bytes.at, all.bytes.count}, HTTP_BODY_TOO_LARGE);
    vec_release(&all.bytes);
    vec_release(&coded.bytes);
}

static void what_others_hold_leaves_no_room(void **state)
{
    (void)state;
    struct packer coded = blanks(60000);
    struct str all = {coded.bytes.at, coded.bytes.count};
    struct http_body body = {.coding = CODING_GZIP}, other = {.coding = CODING_GZIP};
    limits.held_bytes = 60000 + INFLATER_SIZE_BYTES - 1;
    assert_refused(CODING_GZIP, all, HTTP_BODY_NO_ROOM);
    limits.held_bytes = 60000 + INFLATER_SIZE_BYTES;
    assert_taken(CODING_GZIP, all, 60000);
    assert_int_equal(http_body_take(&body, all, &limits), HTTP_BODY_GOOD);
    assert_int_equal(http_body_take(&other, all, &limits), HTTP_BODY_NO_ROOM);
    assert_null(other.inflater);
    http_body_release(&other, &limits);
    assert_int_equal(held_bytes(), limits.held_bytes);
    http_body_release(&body, &limits);
    assert_int_equal(held_bytes(), 0);
    limits.held_bytes = HELD_BYTES;
    vec_release(&coded.bytes);
}

static void what_is_wrong_with_gzip_is_told_apart(void **state)
{
    (void)state;
    struct packer coded = blanks(100);
    assert_refused(CODING_GZIP, (struct str){coded.bytes.at, coded.bytes.count - 1}, HTTP_BODY_TRUNCATED);
    assert_refused(CODING_GZIP, STR(""), HTTP_BODY_TRUNCATED);
    assert_refused(CODING_GZIP, STR("{}"), HTTP_BODY_CORRUPT);
    pack_raw(&coded, "}", 1);
    assert_refused(CODING_GZIP, (struct str){coded.bytes.at, coded.bytes.count}, HTTP_BODY_TRAILING);
    vec_release(&coded.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_may_come_to_its_bound),
        cmocka_unit_test(a_byte_more_is_too_large),
        cmocka_unit_test(what_comes_is_bounded_though_it_comes_to_nothing),
        cmocka_unit_test(what_others_hold_leaves_no_room),
        cmocka_unit_test(what_is_wrong_with_gzip_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
