/* Frames: ours, avro-c's and everybody's bytes; whole and in parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/time.h"
#include "lib/codec/assemble.h"
#include "lib/codec/wire.h"
#include "tests/support/again.h"
#include "tests/support/oracle.h"
#include "tests/support/samples.h"

enum { ROUNDS = 2000, HOSTILE = 40, HOSTILE_BYTES = 1200, PATH = 100 };

static struct packer encoded(const struct frame *frame, uint8_t hash[FRAME_HASH_SIZE])
{
    struct packer bytes = {0};
    frame_encode(frame, &bytes, hash);
    return bytes;
}

static struct str slice(const struct packer *packer)
{
    return (struct str){packer->bytes.at, packer->bytes.count};
}

static void a_frame_comes_back_as_it_went(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(1)};
    struct frame_rows rows = {0};
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t hash[FRAME_HASH_SIZE];
        struct frame frame = sample_frame(&samples), back;
        struct packer bytes = encoded(&frame, hash);
        assert_int_equal(frame_decode(slice(&bytes), &rows, &back), DECODE_OK);
        assert_true(same_frame(&frame, &back));
        assert_memory_equal(back.hash, hash, FRAME_HASH_SIZE);
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    frame_rows_release(&rows);
    samples_release(&samples);
}

static void the_hash_is_sha_256_of_all_that_stands_before_it(void **state)
{
    (void)state;
    uint8_t hash[FRAME_HASH_SIZE], expected[FRAME_HASH_SIZE];
    struct frame frame = {.seq = 7, .next_offset = 9};
    struct packer bytes = encoded(&frame, hash);
    digest_of(bytes.bytes.at, bytes.bytes.count - FRAME_HASH_SIZE, expected);
    assert_memory_equal(hash, expected, FRAME_HASH_SIZE);
    assert_memory_equal(hash, bytes.bytes.at + bytes.bytes.count - FRAME_HASH_SIZE, FRAME_HASH_SIZE);
    vec_release(&bytes.bytes);
}

/* --- avro-c --- */

static void avro_c_takes_our_bytes_and_gives_them_back(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(2)};
    struct oracle *oracle = oracle_new("frame");
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t hash[FRAME_HASH_SIZE];
        struct frame frame = sample_frame(&samples);
        struct packer ours = encoded(&frame, hash), theirs = {0};
        assert_true(oracle_read(oracle, slice(&ours)));
        oracle_write(oracle, &theirs);
        assert_true(str_equal(slice(&ours), slice(&theirs)));
        assert_int_equal(again_is_same(frame_again, slice(&theirs)), DECODE_OK);
        vec_release(&ours.bytes);
        vec_release(&theirs.bytes);
        samples_reset(&samples);
    }
    oracle_free(oracle);
    samples_release(&samples);
}

static struct str hash_str_of(const uint8_t hash[FRAME_HASH_SIZE])
{
    return (struct str){(const char *)hash, FRAME_HASH_SIZE};
}

static void expect_head(struct oracle *oracle, const struct frame *frame, const uint8_t *hash)
{
    const struct frame_counters *c = &frame->counters;
    oracle_expect_long(oracle, "", "partition", frame->partition);
    oracle_expect_long(oracle, "", "rules_number", frame->rules_number);
    oracle_expect_long(oracle, "", "seq", (int64_t)frame->seq);
    oracle_expect_long(oracle, "", "next_offset", frame->next_offset);
    oracle_expect_bytes(oracle, "", "prev_hash", hash_str_of(frame->prev_hash));
    oracle_expect_bytes(oracle, "", "snapshot_digest", hash_str_of(frame->snapshot_digest));
    oracle_expect_long(oracle, "", "watermark_us", frame->watermark_us);
    oracle_expect_long(oracle, "", "closed_s", frame->closed_s);
    oracle_expect_long(oracle, "", "messages", (int64_t)c->messages);
    oracle_expect_long(oracle, "", "ticks", (int64_t)c->ticks);
    oracle_expect_long(oracle, "", "records_in", (int64_t)c->records_in);
    oracle_expect_long(oracle, "", "records_applied", (int64_t)c->records_applied);
    oracle_expect_long(oracle, "", "records_repeated", (int64_t)c->records_repeated);
    oracle_expect_long(oracle, "", "records_rejected", (int64_t)c->records_rejected);
    oracle_expect_bytes(oracle, "", "hash", hash_str_of(hash));
}

static void expect_level(struct oracle *oracle, const char *at, const struct level_row *row)
{
    oracle_expect_bytes(oracle, at, "product", str_of(product_name(row->product)));
    oracle_expect_bytes(oracle, at, "account", row->account);
    oracle_expect_bytes(oracle, at, "resource", row->resource);
    oracle_expect_bytes(oracle, at, "sku", row->sku);
    oracle_expect_long(oracle, at, "hour_s", row->hour_s);
    oracle_expect_long(oracle, at, "stopped", row->stopped);
    for (uint32_t i = 0; i < row->segment_count; i++) {
        const struct level_segment *segment = &row->segments[i];
        char inside[2 * PATH];
        snprintf(inside, sizeof inside, "%ssegments/%u/", at, i);
        oracle_expect_long(oracle, inside, "from_s", segment->from_s);
        oracle_expect_long(oracle, inside, "len_s", segment->len_s);
        oracle_expect_bytes(oracle, inside, "sku", segment->sku);
        oracle_expect_bytes(oracle, inside, "order", segment->order);
        oracle_expect_u128(oracle, inside, "quantity", segment->quantity);
    }
}

static void expect_count(struct oracle *oracle, const char *at, const struct count_row *row)
{
    oracle_expect_bytes(oracle, at, "account", row->account);
    oracle_expect_bytes(oracle, at, "resource", row->resource);
    oracle_expect_bytes(oracle, at, "sku", row->sku);
    oracle_expect_bytes(oracle, at, "meter", str_of(meter_name(row->meter)));
    oracle_expect_long(oracle, at, "second_s", row->second_s);
    oracle_expect_u128(oracle, at, "sum", row->sum);
}

static void expect_record(struct oracle *oracle, const char *at, const struct record *record)
{
    static const char *const kinds[] = {"order_paid", "order_fulfilled", "order_failed", "order_refunded",
                                        "credited"};
    bool paid = record->kind == RECORD_ORDER_PAID;
    oracle_expect_bytes(oracle, at, "kind", str_of(kinds[record->kind - RECORD_ORDER_PAID]));
    oracle_expect_bytes(oracle, at, "account", record->account);
    oracle_expect_bytes(oracle, at, "subject", record->subject);
    oracle_expect_bytes(oracle, at, "source", record->source);
    oracle_expect_bytes(oracle, at, "id", record->id);
    oracle_expect_long(oracle, at, "time_us", record->time_us);
    oracle_expect_bytes(oracle, at, "product", paid ? str_of(product_name(record->product)) : STR(""));
    oracle_expect_bytes(oracle, at, "sku", record->sku);
    oracle_expect_long(oracle, at, "quantity", record->quantity);
    oracle_expect_long(oracle, at, "months", record->months);
    oracle_expect_bytes(oracle, at, "amount", record->amount);
    oracle_expect_bytes(oracle, at, "currency", record->currency);
}

static void expect_fact(struct oracle *oracle, uint32_t i, const struct fact *fact)
{
    static const char *const branches[] = {
        [CONTROL_NONE] = "RecordFact", [CONTROL_INIT] = "InitFact", [CONTROL_CATALOG] = "CatalogFact"};
    char at[PATH];
    snprintf(at, sizeof at, "facts/%u/%s/", i, branches[fact->control]);
    if (fact->control == CONTROL_NONE) {
        expect_record(oracle, at, &fact->record);
        return;
    }
    oracle_expect_bytes(oracle, at, "catalog", fact->catalog.text);
    if (fact->control == CONTROL_CATALOG) {
        oracle_expect_long(oracle, at, "from_s", fact->catalog.from_s);
        return;
    }
    oracle_expect_long(oracle, at, "number", fact->rules.number);
    oracle_expect_long(oracle, at, "epoch_us", fact->rules.epoch_us);
    oracle_expect_long(oracle, at, "delay_us", fact->rules.delay_us);
    oracle_expect_long(oracle, at, "lifecycle_horizon_us", fact->rules.lifecycle_horizon_us);
    oracle_expect_long(oracle, at, "report_horizon_us", fact->rules.report_horizon_us);
    oracle_expect_long(oracle, at, "epoch_records", fact->rules.epoch_records);
    oracle_expect_long(oracle, at, "snapshot_bytes", fact->rules.snapshot_bytes);
}

static void expect_reject(struct oracle *oracle, const char *at, const struct frame_reject *reject)
{
    oracle_expect_bytes(oracle, at, "reason", reject->reason);
    oracle_expect_bytes(oracle, at, "feed", reject->feed);
    oracle_expect_bytes(oracle, at, "source", reject->source);
    oracle_expect_bytes(oracle, at, "id", reject->id);
    oracle_expect_long(oracle, at, "offset", reject->offset);
}

static void expect_frame(struct oracle *oracle, const struct frame *frame, const uint8_t *hash)
{
    char at[PATH];
    expect_head(oracle, frame, hash);
    for (uint32_t i = 0; i < frame->level_count; i++) {
        snprintf(at, sizeof at, "levels/%u/", i);
        expect_level(oracle, at, &frame->levels[i]);
    }
    for (uint32_t i = 0; i < frame->count_count; i++) {
        snprintf(at, sizeof at, "counts/%u/", i);
        expect_count(oracle, at, &frame->counts[i]);
    }
    for (uint32_t i = 0; i < frame->fact_count; i++)
        expect_fact(oracle, i, &frame->facts[i]);
    for (uint32_t i = 0; i < frame->reject_count; i++) {
        snprintf(at, sizeof at, "rejects/%u/", i);
        expect_reject(oracle, at, &frame->rejects[i]);
    }
}

static void avro_c_finds_each_value_under_its_name(void **state)
{
    (void)state;
    struct samples samples = {.random = random_of(3)};
    struct oracle *oracle = oracle_new("frame");
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t hash[FRAME_HASH_SIZE];
        struct frame frame = sample_frame(&samples);
        struct packer bytes = encoded(&frame, hash);
        assert_true(oracle_read(oracle, slice(&bytes)));
        expect_frame(oracle, &frame, hash);
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    oracle_free(oracle);
    samples_release(&samples);
}

/* --- everybody's bytes --- */

static void a_frame_with_any_bit_flipped_has_a_wrong_hash(void **state)
{
    (void)state;
    uint8_t hash[FRAME_HASH_SIZE];
    struct frame frame = {.seq = 7, .next_offset = 9};
    struct packer bytes = encoded(&frame, hash);
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
        uint8_t hash[FRAME_HASH_SIZE];
        struct frame frame = sample_frame(&samples);
        struct packer bytes = encoded(&frame, hash);
        if (bytes.bytes.count <= HOSTILE_BYTES) {
            again_survives(rehashed_again, (struct str){bytes.bytes.at, bytes.bytes.count - FRAME_HASH_SIZE});
            done++;
        }
        vec_release(&bytes.bytes);
        samples_reset(&samples);
    }
    samples_release(&samples);
}

/* A frame with some of its bytes put in the place of others of that many. */
static enum decode_outcome decode_with(const struct frame *frame, struct str old, struct str new)
{
    uint8_t hash[FRAME_HASH_SIZE];
    struct packer bytes = encoded(frame, hash), unused = {0};
    uint32_t size = bytes.bytes.count - FRAME_HASH_SIZE;
    char *at = memmem(bytes.bytes.at, size, old.at, old.size);
    assert_non_null(at);
    assert_int_equal(old.size, new.size);
    memcpy(at, new.at, new.size);
    enum decode_outcome outcome = rehashed_again((struct str){bytes.bytes.at, size}, &unused);
    vec_release(&bytes.bytes);
    vec_release(&unused.bytes);
    return outcome;
}

static void segments_come_in_order_and_those_that_touch_differ(void **state)
{
    (void)state;
    struct level_segment segments[] = {{0, 10, STR("s"), STR(""), 1}, {10, 20, STR("s"), STR(""), 2}};
    struct level_row row = {
        .account = STR("a"), .resource = STR("r"), .sku = STR(""), .segments = segments, .segment_count = 2};
    struct frame frame = {.levels = &row, .level_count = 1};
    const struct str second = STR("\x14\x28\x02s\0"); /* from 10, 20 long */
    const struct str two = STR("\0\0\0\0\0\0\0\0\x02"), one = STR("\0\0\0\0\0\0\0\0\x01");
    assert_int_equal(decode_with(&frame, second, second), DECODE_OK);
    assert_int_equal(decode_with(&frame, second, STR("\x16\x28\x02s\0")), DECODE_OK);
    assert_int_equal(decode_with(&frame, second, STR("\x12\x28\x02s\0")), DECODE_MALFORMED); /* from 9 */
    assert_int_equal(decode_with(&frame, second, STR("\x14\x00\x02s\0")), DECODE_MALFORMED); /* no length */
    assert_int_equal(decode_with(&frame, two, one), DECODE_MALFORMED); /* one segment, in two */
    assert_int_equal(decode_with(&frame, two, STR("\0\0\0\0\0\0\0\0\0")), DECODE_MALFORMED);
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
    const struct str row = STR("\x06\x02"
                               "a\x02*\x02"
                               "f");
    assert_int_equal(decode_with(&frame, row, row), DECODE_OK);
    assert_int_equal(decode_with(&frame, row,
                                 STR("\x00\x02"
                                     "a\x02*\x02"
                                     "f")),
                     DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row,
                                 STR("\x08\x02"
                                     "a\x02*\x02"
                                     "f")),
                     DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, row,
                                 STR("\x06\x02"
                                     "a\x04**\x00")),
                     DECODE_MALFORMED);
}

static void a_count_is_of_something(void **state)
{
    (void)state;
    struct count_row count = {STR("a"), STR("e"), STR("m"), METER_IMAGES, 5, 1};
    struct frame frame = {.counts = &count, .count_count = 1};
    const struct str tail = STR("\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01");
    assert_int_equal(decode_with(&frame, tail, tail), DECODE_OK);
    assert_int_equal(decode_with(&frame, tail, STR("\x04\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
                     DECODE_MALFORMED);
    assert_int_equal(decode_with(&frame, tail, STR("\x06\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01")),
                     DECODE_MALFORMED); /* a meter that is none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_back_as_it_went),
        cmocka_unit_test(the_hash_is_sha_256_of_all_that_stands_before_it),
        cmocka_unit_test(avro_c_takes_our_bytes_and_gives_them_back),
        cmocka_unit_test(avro_c_finds_each_value_under_its_name),
        cmocka_unit_test(a_frame_with_any_bit_flipped_has_a_wrong_hash),
        cmocka_unit_test(damaged_bytes_are_refused_or_the_one_encoding_of_something_else),
        cmocka_unit_test(segments_come_in_order_and_those_that_touch_differ),
        cmocka_unit_test(pools_have_a_sku_and_resources_segments_have_theirs),
        cmocka_unit_test(a_count_is_of_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
