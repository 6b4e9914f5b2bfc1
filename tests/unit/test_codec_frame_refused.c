/* Frames of everybody's bytes: refused, or the one encoding of what they say. */
#include <string.h>

#include "lib/codec/frame.h"
#include "lib/codec/wire.h"
#include "tests/support/again.h"
#include "tests/support/samples.h"
#include "tests/support/test.h"

enum { HOSTILE = 40, HOSTILE_BYTES = 1200 };

static struct packer encoded(const struct frame *frame)
{
    struct packer bytes = {0};
    uint8_t hash[FRAME_HASH_SIZE];
    struct frame_writer writer = {0};
    frame_encode(&writer, frame, &bytes, hash);
    frame_writer_release(&writer);
    return bytes;
}

static struct str slice(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static void a_frame_with_any_bit_flipped_has_a_wrong_hash(void **state)
{
    (void)state;
    struct frame frame = {.seq = 7, .next_offset = 9};
    struct packer bytes = encoded(&frame);
    for (uint32_t at = 0; at < bytes.bytes.count; at++) {
        bytes.bytes.at[at] ^= 4;
        enum decode_outcome expected = at < 2                  ? DECODE_MALFORMED
                                       : at < WIRE_HEADER_SIZE ? DECODE_OTHER_SCHEMA
                                                               : DECODE_WRONG_HASH;
        assert_int_equal(again_is_same(frame_again, slice(&bytes)), expected);
        bytes.bytes.at[at] ^= 4;
    }
    vec_release(&bytes.bytes);
}

/* With the hash put right, so that what lies behind it is looked at. */
static enum decode_outcome rehashed_again(struct str body, struct packer *out)
{
    struct packer whole = {0};
    uint8_t hash[FRAME_HASH_SIZE];
    pack_raw(&whole, body.at, body.size);
    digest_of(body.at, body.size, hash);
    pack_raw(&whole, hash, FRAME_HASH_SIZE);
    enum decode_outcome outcome = again_is_same(frame_again, slice(&whole));
    assert_true(outcome != DECODE_WRONG_HASH || body.size < WIRE_HEADER_SIZE);
    if (outcome == DECODE_OK)
        pack_raw(out, body.at, body.size);
    vec_release(&whole.bytes);
    return outcome;
}

static void damaged_bytes_are_refused_or_the_one_encoding_of_something_else(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(5)};
    for (int done = 0; done < HOSTILE;) {
        struct frame frame = sample_frame(&samples);
        struct packer bytes = encoded(&frame);
        if (bytes.bytes.count <= HOSTILE_BYTES) {
            again_survives(rehashed_again, (struct str){bytes.bytes.at, bytes.bytes.count - FRAME_HASH_SIZE});
            done++;
        }
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    samples_release(&samples);
}

/* What decoding says of a frame with some of its bytes put in the place of others. */
static enum decode_outcome decode_with(const struct frame *frame, struct str old, struct str new)
{
    struct packer bytes = encoded(frame), changed = {0}, unused = {0};
    uint32_t size = bytes.bytes.count - FRAME_HASH_SIZE;
    const char *at = memmem(bytes.bytes.at, size, old.at, old.size);
    assert_non_null(at);
    pack_raw(&changed, bytes.bytes.at, (size_t)(at - bytes.bytes.at));
    pack_raw(&changed, new.at, new.size);
    at += old.size;
    pack_raw(&changed, at, (size_t)(bytes.bytes.at + size - at));
    enum decode_outcome outcome = rehashed_again(slice(&changed), &unused);
    vec_release(&bytes.bytes);
    vec_release(&changed.bytes);
    vec_release(&unused.bytes);
    return outcome;
}

/* The same of a frame's names and rows, all of them: account `a` and resource `r` of a container, no more. */
static enum decode_outcome decode_rows(struct str new)
{
    const struct level_row row = {.account = STR("a"), .resource = STR("r"), .sku = STR("")};
    const struct frame frame = {.levels = &row, .level_count = 1};
    return decode_with(&frame, STR("\x04\x02\x61\x02\x72\0\x02\x02\0\x04\0\0\0\0\0"), new);
}

/* One level's row: account, container, resource; then sku, hour, stopped, segments and the end. */
#define ROW(account, resource) "\x02" account "\0" resource "\0\0\0\0\0"
#define NAMES_A_R "\x04\x02\x61\x02\x72\0"

static void names_come_in_the_order_of_their_first_use(void **state)
{
    (void)state;
    assert_int_equal(decode_rows(STR(NAMES_A_R ROW("\x02", "\x04"))), DECODE_OK);
    assert_int_equal(decode_rows(STR(NAMES_A_R ROW("\x04", "\x02"))), DECODE_MALFORMED);
}

static void a_name_that_no_row_uses_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_rows(STR("\x06\x02\x61\x02\x72\x02\x75\0" ROW("\x02", "\x04"))),
                     DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\x02\x02\x61\0" ROW("\x02", "\x02"))), DECODE_OK);
    assert_int_equal(decode_rows(STR(NAMES_A_R ROW("\x02", "\x02"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR(NAMES_A_R "\0")), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\0\0")), DECODE_OK);
}

static void a_name_that_is_there_already_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_rows(STR("\x04\x02\x61\x02\x61\0" ROW("\x02", "\x04"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\x04\x02\x61\x04\x61\x61\0" ROW("\x02", "\x04"))), DECODE_OK);
}

static void a_number_past_the_end_of_the_names_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode_rows(STR(NAMES_A_R ROW("\x02", "\x06"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\x02\x02\x61\0" ROW("\x02", "\x04"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\0" ROW("\x02", "\x04"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR(NAMES_A_R ROW("\x02", "\x03"))), DECODE_MALFORMED); /* -2 */
}

static void no_name_is_said_by_0_alone_and_where_there_may_be_none(void **state)
{
    (void)state;
    assert_int_equal(decode_rows(STR("\x02\x02\x61\0" ROW("\x02", "\0"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\x04\x02\x61\0\0" ROW("\x02", "\x04"))), DECODE_MALFORMED);
    assert_int_equal(decode_rows(STR("\x02\x02\x61\0" ROW("\0", "\x02"))), DECODE_MALFORMED);
    /* A container's row with a pool's sku. */
    assert_int_equal(decode_rows(STR(NAMES_A_R "\x02\x02\0\x04\x02\0\0\0\0")), DECODE_MALFORMED);
}

static void segments_come_in_order_and_those_that_touch_differ(void **state)
{
    (void)state;
    struct level_segment segments[] = {{0, 10, STR("s"), STR(""), 1}, {10, 20, STR("s"), STR(""), 2}};
    struct level_row row = {
        .account = STR("a"), .resource = STR("r"), .sku = STR(""), .segments = segments, .segment_count = 2};
    struct frame frame = {.levels = &row, .level_count = 1};
    const struct str second = STR("\x14\x28\x06\0\x04\0"); /* from 10, 20 long, name 3, 2 of it */
    assert_int_equal(decode_with(&frame, second, second), DECODE_OK);
    assert_int_equal(decode_with(&frame, second, STR("\x16\x28\x06\0\x04\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, second, STR("\x16\x28\x06\0\x02\0")), DECODE_OK);        /* apart */
    assert_int_equal(decode_with(&frame, second, STR("\x12\x28\x06\0\x04\0")), DECODE_MALFORMED); /* 9 */
    assert_int_equal(decode_with(&frame, second, STR("\x14\x00\x06\0\x04\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, second, STR("\x14\x28\x06\0\x02\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, second, STR("\x14\x28\x06\0\0\0")), DECODE_MALFORMED); /* 0 */
    /* An order makes them differ; a sku is needed. */
    assert_int_equal(decode_with(&frame, second, STR("\x14\x28\x06\x06\x02\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, second, STR("\x14\x28\0\0\x04\0")), DECODE_MALFORMED);
}

static void a_segment_ends_inside_its_hour(void **state)
{
    (void)state;
    struct level_segment segment = {3599, 1, STR("s"), STR(""), 1};
    struct level_row row = {
        .account = STR("a"), .resource = STR("r"), .sku = STR(""), .segments = &segment, .segment_count = 1};
    struct frame frame = {.levels = &row, .level_count = 1};
    const struct str last = STR("\x9e\x38\x02\x06"); /* from 3599, 1 long */
    assert_int_equal(decode_with(&frame, last, last), DECODE_OK);
    assert_int_equal(decode_with(&frame, last, STR("\x9e\x38\x04\x06")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, last, STR("\xa0\x38\x02\x06")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, last, STR("\0\xa0\x38\x06")), DECODE_OK); /* the whole hour */
    assert_int_equal(decode_with(&frame, last, STR("\0\xa2\x38\x06")), DECODE_MALFORMED);
}

static void pools_have_a_sku_and_resources_segments_have_theirs(void **state)
{
    (void)state;
    struct level_segment segment = {0, 10, STR(""), STR(""), 1};
    struct level_row pool = {.product = PRODUCT_STORAGE,
                             .account = STR("a"),
                             .resource = STR("*"),
                             .sku = STR("f"),
                             .segments = &segment,
                             .segment_count = 1};
    struct frame frame = {.levels = &pool, .level_count = 1};
    /* Product, resource, sku, hour, stopped, and the segment up to its order. */
    const struct str row = STR("\x06\x04\x06\0\0\x02\0\x14\0\0");
    assert_int_equal(decode_with(&frame, row, row), DECODE_OK);
    assert_int_equal(decode_with(&frame, row, STR("\x06\x04\0\0\0\x02\0\x14\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row, STR("\x06\x04\x06\0\0\x02\0\x14\x06\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row, STR("\x06\x04\x06\0\0\x02\0\x14\0\x06")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row, STR("\0\x04\x06\0\0\x02\0\x14\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row, STR("\x08\x04\x06\0\0\x02\0\x14\0\0")),
                     DECODE_MALFORMED); /* maas */
}

static void a_count_is_of_something_and_of_maas(void **state)
{
    (void)state;
    struct count_sum sums[] = {{METER_OUTPUT_TOKENS, 0, 1}, {METER_OUTPUT_TOKENS, 1800, 1}};
    struct count_row count = {PRODUCT_MAAS, STR("a"), STR("e"), STR("m"), 0, false, sums, 2};
    /* It makes the frame so long that a row without sums is not refused for the bytes that it lacks. */
    struct frame_reject reject = {STR("time: late"), STR("http"), STR("/s"), STR("9"), 12};
    struct frame frame = {.counts = &count, .count_count = 1, .rejects = &reject, .reject_count = 1};
#define HEAD "\x08\x04\x06\0\0" /* product, resource, sku, hour, replaces */
    const struct str row = STR(HEAD "\x04\x06\0\x02\0\x06\x90\x1c\x02\0\0");
    assert_int_equal(decode_with(&frame, row, row), DECODE_OK);
    assert_int_equal(decode_with(&frame, row, STR(HEAD "\0")), DECODE_MALFORMED); /* no sums */
    assert_int_equal(decode_with(&frame, row, STR(HEAD "\x02\x06\0\x02\0\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, row, STR(HEAD "\x02\x06\0\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row, STR(HEAD "\x02\x08\0\x02\0\0")), DECODE_OK); /* images */
    assert_int_equal(decode_with(&frame, row, STR(HEAD "\x02\x0a\0\x02\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row, STR("\0\x04\x06\0\0\x02\x06\0\x02\0\0")), DECODE_MALFORMED);
}

static void sums_come_by_meter_and_second(void **state)
{
    (void)state;
    struct count_sum sums[] = {{METER_OUTPUT_TOKENS, 1, 1}, {METER_IMAGES, 0, 1}};
    struct count_row count = {PRODUCT_MAAS, STR("a"), STR("e"), STR("m"), 0, false, sums, 2};
    struct frame frame = {.counts = &count, .count_count = 1};
    const struct str both = STR("\x04\x06\x02\x02\0\x08\0\x02\0\0");
    assert_int_equal(decode_with(&frame, both, both), DECODE_OK);
    assert_int_equal(decode_with(&frame, both, STR("\x04\x06\x02\x02\0\x06\x04\x02\0\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, both, STR("\x04\x06\x02\x02\0\x06\x02\x02\0\0")),
                     DECODE_MALFORMED); /* the same second */
    assert_int_equal(decode_with(&frame, both, STR("\x04\x06\x02\x02\0\x06\0\x02\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, both, STR("\x04\x06\x02\x02\0\x04\x04\x02\0\0")),
                     DECODE_MALFORMED); /* an earlier meter */
}

static void a_whole_number_has_no_sign(void **state)
{
    (void)state;
    struct count_sum sum = {METER_IMAGES, 5, ((unsigned __int128)3 << 63) + 2};
    struct count_row count = {PRODUCT_MAAS, STR("a"), STR("e"), STR("m"), 0, false, &sum, 1};
    struct frame frame = {.counts = &count, .count_count = 1};
    const struct str tail = STR("\x08\x0a\x04\x06\0");
    assert_int_equal(decode_with(&frame, tail, tail), DECODE_OK);
    assert_int_equal(decode_with(&frame, tail, STR("\x08\x0a\x03\x06\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, tail, STR("\x08\x0a\x04\x05\0")), DECODE_MALFORMED);
}

static void what_is_gone_says_no_more(void **state)
{
    (void)state;
    struct state_row row = {
        .account = STR("a"), .resource = STR("r"), .state = RUN_GONE, .sku = STR(""), .order = STR("")};
    struct frame frame = {.states = &row, .state_count = 1};
    const struct str gone = STR("\x02\0\x04\0\0\0\0\0\0\0"); /* up to the sign, and the end */
    assert_int_equal(decode_with(&frame, gone, gone), DECODE_OK);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\0\x02\0\0\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\0\0\x02\0\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\0\0\0\x02\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\0\0\0\0\x02\0\0")), DECODE_MALFORMED);
    /* What runs says with what; the state after the last is none; storage has no states. */
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\x02\x04\0\x02\0\0\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\x02\0\0\x02\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\x02\x04\0\0\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\x0a\x04\0\x02\0\0\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\0\x04\x0c\x04\0\x02\0\0\0")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, gone, STR("\x02\x06\x04\0\0\0\0\0\0\0")), DECODE_MALFORMED);
}

static void only_a_credit_pays_a_bill(void **state)
{
    (void)state;
    struct fact fact = {.record = {.kind = RECORD_CREDITED,
                                   .account = STR("a"),
                                   .subject = STR("p"),
                                   .source = STR("/s"),
                                   .id = STR("1"),
                                   .amount = STR("5"),
                                   .currency = STR("EUR"),
                                   .for_bill = true}};
    struct frame frame = {.facts = &fact, .fact_count = 1};
    const struct str credit = STR("\x04\x08\x02\x61"), debit = STR("\x04\x0a\x02\x61");
    assert_int_equal(decode_with(&frame, credit, credit), DECODE_OK);
    assert_int_equal(decode_with(&frame, credit, debit), DECODE_MALFORMED);
    fact.record.for_bill = false;
    assert_int_equal(decode_with(&frame, credit, debit), DECODE_OK);
    assert_int_equal(decode_with(&frame, credit, STR("\x04\x0c\x02\x61")), DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, credit, STR("\x04\x06\x02\x61")), DECODE_MALFORMED); /* an order's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_with_any_bit_flipped_has_a_wrong_hash),
        cmocka_unit_test(names_come_in_the_order_of_their_first_use),
        cmocka_unit_test(a_name_that_no_row_uses_is_refused),
        cmocka_unit_test(a_name_that_is_there_already_is_refused),
        cmocka_unit_test(a_number_past_the_end_of_the_names_is_refused),
        cmocka_unit_test(no_name_is_said_by_0_alone_and_where_there_may_be_none),
        cmocka_unit_test(segments_come_in_order_and_those_that_touch_differ),
        cmocka_unit_test(a_segment_ends_inside_its_hour),
        cmocka_unit_test(pools_have_a_sku_and_resources_segments_have_theirs),
        cmocka_unit_test(a_count_is_of_something_and_of_maas),
        cmocka_unit_test(sums_come_by_meter_and_second),
        cmocka_unit_test(a_whole_number_has_no_sign),
        cmocka_unit_test(what_is_gone_says_no_more),
        cmocka_unit_test(only_a_credit_pays_a_bill),
        cmocka_unit_test(damaged_bytes_are_refused_or_the_one_encoding_of_something_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
