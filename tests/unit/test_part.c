/* A partition that is busy misses nothing: what comes meanwhile is held back, or read again. It replays
 * frames that its chain has, so that nothing is sent. */
#include <stdio.h>

#include "aggregator/partition.h"
#include "collectors/core/batch.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "tests/support/test.h"

enum { RESOURCES = 12, RECORDS = 900, LATER = 40 };

static const int64_t hour_s = INT64_C(1793527200);
static const char catalog[] =
    "currency: USD\nproducts:\n  container: {settle: hourly, skus: {k: {payg: {price: '1', per: hour}}}}\n";

/* Messages of one partition. */
struct script {
    struct packer bytes;
    VEC(uint32_t) ends;
    VEC(int64_t) clocks_s;
};

static void write_message(struct script *script, struct message *message, int64_t clock_s)
{
    message->clock_us = clock_s * SECOND_US;
    message->feed = message->origin.by = STR("");
    usage_encode(message, &script->bytes);
    vec_push(&script->ends, script->bytes.bytes.count);
    vec_push(&script->clocks_s, clock_s);
}

static struct log_message message_at(const struct script *script, int64_t offset)
{
    uint32_t from = offset == 0 ? 0 : script->ends.at[offset - 1];
    return (struct log_message){.offset = offset,
                                .timestamp_ms = script->clocks_s.at[offset] * 1000,
                                .value = {script->bytes.bytes.at + from, script->ends.at[offset] - from}};
}

static void write_launches(struct script *script, uint32_t count, const char *prefix, int64_t clock_s)
{
    struct batch batch = {0};
    for (uint32_t i = 0; i < count; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s%u", prefix, i);
        struct record record = {.kind = RECORD_LAUNCHED,
                                .account = STR("a"),
                                .subject = str_of(name),
                                .source = STR("/s"),
                                .id = str_of(name),
                                .time_us = hour_s * SECOND_US,
                                .since_us = hour_s * SECOND_US,
                                .sku = STR("k"),
                                .order = STR(""),
                                .amount = STR(""),
                                .currency = STR(""),
                                .quantity = 1};
        batch_add(&batch, &record);
    }
    struct message message = {.records = batch.records.at, .record_count = batch.records.count};
    write_message(script, &message, clock_s);
    batch_release(&batch);
}

/* Rules; an hour whose close is RESOURCES frames; then more than a partition holds back, in one epoch. */
static void write_script(struct script *script)
{
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    rules.frame_rows = 1;
    struct message init = {.control = CONTROL_INIT, .rules = rules, .catalog = {INT64_MIN, STR(catalog)}};
    struct message tick = {0};
    write_message(script, &init, hour_s);
    write_launches(script, RESOURCES, "r", hour_s + 20);
    write_message(script, &tick, hour_s + HOUR_S + 20);
    for (int i = 0; i < LATER; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "a-name-that-is-not-short-%d-", i);
        write_launches(script, RECORDS, prefix, hour_s + HOUR_S + 21);
    }
    write_message(script, &tick, hour_s + HOUR_S + 22);
}

/* The frames up to the hour's close, as another process said them. */
static void fill_chain(struct aggregator_part *part, const struct script *script)
{
    struct fold *fold = fold_new(0);
    struct frame_writer writer = {0};
    struct frame_rows rows = {0};
    struct packer bytes = {0};
    struct usage_records records = {0};
    uint8_t none[FRAME_HASH_SIZE] = {0};
    chain_begin(&part->chain, 0, none);
    for (int64_t offset = 0; offset < 3; offset++) {
        struct log_message from = message_at(script, offset);
        struct message message;
        const struct frame *made;
        assert_int_equal(usage_decode(from.value, &records, &message), DECODE_OK);
        message.offset = offset;
        message.append_us = from.timestamp_ms * 1000;
        if (fold_apply(fold, &message) != FOLD_EPOCH_DUE)
            continue;
        fold_close_epoch(fold);
        while ((made = fold_next_frame(fold)) != NULL) {
            struct frame frame;
            uint8_t hash[FRAME_HASH_SIZE];
            vec_clear(&bytes.bytes);
            frame_encode(&writer, made, &bytes, hash);
            fold_hashed(fold, hash);
            struct str said = {bytes.bytes.at, bytes.bytes.count};
            assert_int_equal(frame_decode(said, &rows, &frame), DECODE_OK);
            assert_true(chain_note(&part->chain, &frame));
        }
    }
    usage_records_release(&records);
    frame_writer_release(&writer);
    frame_rows_release(&rows);
    vec_release(&bytes.bytes);
    fold_free(fold);
}

/* Messages come while it is busy, `count` at a time. Between the times it goes on, and where that asks for
 * it, what is read is chosen anew, from where the partition is. */
static void feed(const struct script *script, int64_t count)
{
    struct aggregator_part *part = aggregator_part_new(0);
    struct aggregator_work work = {0};
    struct error error;
    int64_t next = 0, end = script->ends.count;
    part->fold = fold_new(0);
    fill_chain(part, script);
    partition_set(&part->base, PARTITION_CLAIMING, NULL);
    partition_set(&part->base, PARTITION_WORKING, NULL);
    for (int turns = 0; turns < 1000 && (next < end || aggregator_part_busy(part)); turns++) {
        if (aggregator_part_busy(part))
            assert_int_equal(aggregator_part_go_on(part, &work, &error), ERROR_NONE);
        if (part->base.reread && !part->base.full) {
            part->base.reread = false;
            next = aggregator_part_next_offset(part);
        }
        for (int64_t i = 0; i < count && !part->base.full && next < end; i++, next++) {
            struct log_message message = message_at(script, next);
            assert_int_equal(aggregator_part_take(part, &work, &message, &error), ERROR_NONE);
            assert_int_equal(part->base.state, PARTITION_WORKING);
        }
    }
    assert_non_null(part->fold);
    assert_int_equal(fold_next_offset(part->fold), end);
    aggregator_part_free(part);
    aggregator_work_release(&work);
}

static void a_busy_partition_misses_no_message_however_they_come(void **state)
{
    (void)state;
    struct script script = {0};
    write_script(&script);
    assert_true(script.bytes.bytes.count > 2 << 20);
    for (int64_t count = 1; count <= LATER + 4; count++)
        feed(&script, count);
    vec_release(&script.bytes.bytes);
    vec_release(&script.ends);
    vec_release(&script.clocks_s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_partition_misses_no_message_however_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
