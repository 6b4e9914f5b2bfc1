/* Frames: ours and avro-c's bytes, and their size. */
#include <stdio.h>
#include <string.h>

#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/codec/wire.h"
#include "tests/support/again.h"
#include "tests/support/oracle.h"
#include "tests/support/samples.h"
#include "tests/support/test.h"

enum { ROUNDS = 2000, PATH = 100 };

static struct packer encoded(const struct frame *frame, uint8_t hash[FRAME_HASH_SIZE])
{
    struct packer bytes = {0};
    struct frame_writer writer = {0};
    frame_encode(&writer, frame, &bytes, hash);
    frame_writer_release(&writer);
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
    oracle_expect_long(oracle, "", "more", frame->more);
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
    oracle_expect_number(oracle, at, "account", row->account);
    oracle_expect_bytes(oracle, at, "product", str_of(product_name(row->product)));
    oracle_expect_number(oracle, at, "resource", row->resource);
    oracle_expect_number(oracle, at, "sku", row->sku);
    oracle_expect_long(oracle, at, "hour", row->hour_s / HOUR_S);
    oracle_expect_long(oracle, at, "stopped", row->stopped);
    for (uint32_t i = 0; i < row->segment_count; i++) {
        const struct level_segment *segment = &row->segments[i];
        char inside[2 * PATH];
        snprintf(inside, sizeof inside, "%ssegments/%u/", at, i);
        oracle_expect_long(oracle, inside, "from_s", segment->from_s);
        oracle_expect_long(oracle, inside, "len_s", segment->len_s);
        oracle_expect_number(oracle, inside, "sku", segment->sku);
        oracle_expect_number(oracle, inside, "order", segment->order);
        oracle_expect_whole(oracle, inside, "quantity", segment->quantity);
    }
}

static void expect_count(struct oracle *oracle, const char *at, const struct count_row *row)
{
    oracle_expect_number(oracle, at, "account", row->account);
    oracle_expect_bytes(oracle, at, "product", str_of(product_name(row->product)));
    oracle_expect_number(oracle, at, "resource", row->resource);
    oracle_expect_number(oracle, at, "sku", row->sku);
    oracle_expect_long(oracle, at, "hour", row->hour_s / HOUR_S);
    oracle_expect_long(oracle, at, "replaces", row->replaces);
    for (uint32_t i = 0; i < row->sum_count; i++) {
        char inside[2 * PATH];
        snprintf(inside, sizeof inside, "%ssums/%u/", at, i);
        oracle_expect_bytes(oracle, inside, "meter", str_of(meter_name(row->sums[i].meter)));
        oracle_expect_long(oracle, inside, "from_s", row->sums[i].from_s);
        oracle_expect_whole(oracle, inside, "sum", row->sums[i].sum);
    }
}

static void expect_state(struct oracle *oracle, const char *at, const struct state_row *row)
{
    oracle_expect_number(oracle, at, "account", row->account);
    oracle_expect_bytes(oracle, at, "product", str_of(product_name(row->product)));
    oracle_expect_number(oracle, at, "resource", row->resource);
    oracle_expect_bytes(oracle, at, "state", str_of(run_state_name(row->state)));
    oracle_expect_number(oracle, at, "sku", row->sku);
    oracle_expect_number(oracle, at, "order", row->order);
    oracle_expect_long(oracle, at, "quantity", row->quantity);
    oracle_expect_long(oracle, at, "since_s", row->since_s);
    oracle_expect_long(oracle, at, "sign_s", row->sign_s);
}

static void expect_record(struct oracle *oracle, const char *at, const struct record *record)
{
    static const char *const kinds[] = {"order_paid",     "order_fulfilled", "order_failed",
                                        "order_refunded", "credited",        "debited"};
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
    oracle_expect_long(oracle, at, "for_bill", record->for_bill);
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
    oracle_expect_bytes(oracle, at, "hash", hash_str_of(fact->origin.hash));
    oracle_expect_bytes(oracle, at, "by", fact->origin.by);
    oracle_expect_long(oracle, at, "clock_us", fact->origin.clock_us);
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
    oracle_expect_long(oracle, at, "frame_rows", fact->rules.frame_rows);
    oracle_expect_long(oracle, at, "frame_bytes", fact->rules.frame_bytes);
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
    for (uint32_t i = 0; i < frame->fact_count; i++)
        expect_fact(oracle, i, &frame->facts[i]);
    for (uint32_t i = 0; i < frame->level_count; i++) {
        snprintf(at, sizeof at, "levels/%u/", i);
        expect_level(oracle, at, &frame->levels[i]);
    }
    for (uint32_t i = 0; i < frame->count_count; i++) {
        snprintf(at, sizeof at, "counts/%u/", i);
        expect_count(oracle, at, &frame->counts[i]);
    }
    for (uint32_t i = 0; i < frame->state_count; i++) {
        snprintf(at, sizeof at, "states/%u/", i);
        expect_state(oracle, at, &frame->states[i]);
    }
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

/* --- sizes --- */

/* A frame ends at the first edge after FRAME_BYTES (DESIGN §4); what producers send is at most MESSAGE_BYTES.
 */
enum { FRAME_BYTES = 512 * 1024, MESSAGE_BYTES = 4000000, REJECTS = 2 * 1000 };

/* Another name of the longest each time. */
static struct str longest_name(struct samples *samples)
{
    static uint32_t made;
    char *text = arena_take(&samples->memory, LIMIT_NAME_BYTES + 1);
    snprintf(text, LIMIT_NAME_BYTES + 1, "%0*u", LIMIT_NAME_BYTES, made++);
    return (struct str){text, LIMIT_NAME_BYTES};
}

static uint32_t encoded_size(const struct frame *frame)
{
    uint8_t hash[FRAME_HASH_SIZE];
    struct packer bytes = encoded(frame, hash);
    struct frame_rows rows = {0};
    struct frame back;
    assert_int_equal(frame_decode(slice(&bytes), &rows, &back), DECODE_OK);
    assert_true(same_frame(frame, &back));
    uint32_t size = bytes.bytes.count;
    vec_release(&bytes.bytes);
    frame_rows_release(&rows);
    return size;
}

/* An hour that changes every second, with names of its own each time. */
static uint32_t hour_size(struct samples *samples)
{
    struct level_segment *segments = arena_take(&samples->memory, HOUR_S * sizeof *segments);
    struct level_row row = {.account = longest_name(samples),
                            .resource = longest_name(samples),
                            .sku = STR(""),
                            .hour_s = INT64_MAX / HOUR_S * HOUR_S,
                            .segments = segments,
                            .segment_count = HOUR_S};
    for (uint32_t i = 0; i < HOUR_S; i++)
        segments[i] =
            (struct level_segment){(uint16_t)i, 1, longest_name(samples), longest_name(samples), LIMIT_COUNT};
    return encoded_size(&(struct frame){.levels = &row, .level_count = 1});
}

/* Prices of all meters that change every second. */
static uint32_t sums_size(struct samples *samples)
{
    enum { COUNT_METERS = METER_IMAGES - METER_INPUT_TOKENS + 1 };
    struct count_sum *sums = arena_take(&samples->memory, COUNT_METERS * HOUR_S * sizeof *sums);
    struct count_row row = {.product = PRODUCT_MAAS,
                            .account = longest_name(samples),
                            .resource = longest_name(samples),
                            .sku = longest_name(samples),
                            .hour_s = INT64_MAX / HOUR_S * HOUR_S,
                            .sums = sums,
                            .sum_count = COUNT_METERS * HOUR_S};
    for (uint32_t i = 0; i < row.sum_count; i++)
        sums[i] = (struct count_sum){METER_INPUT_TOKENS + i / HOUR_S, (uint16_t)(i % HOUR_S),
                                     ((unsigned __int128)1 << 126) - 1};
    return encoded_size(&(struct frame){.counts = &row, .count_count = 1});
}

/* All that two hours of log time keep the identity of, at the turn of the hour. */
static uint32_t rejects_size(struct samples *samples)
{
    struct frame_reject *rejects = arena_take(&samples->memory, REJECTS * sizeof *rejects);
    for (uint32_t i = 0; i < REJECTS; i++)
        rejects[i] =
            (struct frame_reject){STR("time: later than the lifecycle horizon allows"), longest_name(samples),
                                  longest_name(samples), longest_name(samples), INT64_MAX};
    return encoded_size(&(struct frame){.rejects = rejects, .reject_count = REJECTS});
}

static void a_full_frame_and_the_largest_of_what_may_follow_are_one_message(void **state)
{
    (void)state;
    struct samples samples = {0};
    uint32_t hour = hour_size(&samples), sums = sums_size(&samples), rejects = rejects_size(&samples);
    print_message("# an hour %u, sums %u, rejects %u bytes\n", hour, sums, rejects);
    /* Not quite full before the account, the account before the resource, the resource before the hour. */
    assert_true(3 * FRAME_BYTES + hour < MESSAGE_BYTES);
    assert_true(3 * FRAME_BYTES + sums < MESSAGE_BYTES);
    assert_true(FRAME_BYTES + rejects < MESSAGE_BYTES);
    samples_release(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_comes_back_as_it_went),
        cmocka_unit_test(the_hash_is_sha_256_of_all_that_stands_before_it),
        cmocka_unit_test(avro_c_takes_our_bytes_and_gives_them_back),
        cmocka_unit_test(avro_c_finds_each_value_under_its_name),
        cmocka_unit_test(a_full_frame_and_the_largest_of_what_may_follow_are_one_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
