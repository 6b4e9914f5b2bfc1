/* Who begins at a snapshot with what it holds as records, and folds the log from there on, has the same lines
 * of every hour from the snapshot's closed hour on as who folds the whole log (aggregator/core/base.h). */
#include "aggregator/core/base.h"
#include "collectors/core/batch.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "lib/domain/limits.h"
#include "tests/property/life.h"
#include "tests/property/story.h"
#include "tests/support/test.h"

static const int64_t delay_us = 10 * (int64_t)SECOND_US;
enum { SEEDS = 16, EVERY = 23 };

/* Orders and payments are no state of the fold. */
static void leave_facts_out(struct world *world)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < world->arrivals.count; i++) {
        enum shape shape = kind_row(world->arrivals.at[i].record.kind)->shape;
        if (shape != SHAPE_ORDER && shape != SHAPE_PAYMENT)
            world->arrivals.at[left++] = world->arrivals.at[i];
    }
    world->arrivals.count = left;
}

static void take(void *context, const struct record *record, bool made)
{
    assert_true(record->id.size > 0 && record->source.size > 0 && record_is_whole(record));
    assert_int_equal(made, str_equal((struct str){record->id.at, 5}, STR("base-")));
    batch_add(context, record);
}

/* The log's control messages, one message of what the fold holds, the rest. */
static void begin_at(struct log *out, const struct log *log, const struct fold *fold, uint32_t rest)
{
    struct usage_records records = {0};
    struct packer bytes = {0};
    struct batch batch = {0};
    struct message message;
    *out = (struct log){.partitions = 1};
    for (uint32_t i = 0; i < rest; i++) {
        struct str text = byte_list_at(&log->messages[0], i);
        assert_int_equal(usage_decode(text, &records, &message), DECODE_OK);
        vec_clear(&bytes.bytes);
        pack_raw(&bytes, text.at, text.size);
        if (message.control != CONTROL_NONE)
            byte_list_add(&out->messages[0], &bytes);
    }
    fold_base(fold, take, &batch);
    int64_t now_us = fold_watermark_us(fold) + delay_us;
    message = (struct message){.clock_us = now_us,
                               .feed = STR("test"),
                               .records = batch.records.at,
                               .record_count = batch.records.count};
    vec_clear(&bytes.bytes);
    usage_encode(&message, &bytes);
    byte_list_add(&out->messages[0], &bytes);
    for (uint32_t i = rest; i < log->messages[0].ends.count; i++) {
        struct str text = byte_list_at(&log->messages[0], i);
        vec_clear(&bytes.bytes);
        pack_raw(&bytes, text.at, text.size);
        byte_list_add(&out->messages[0], &bytes);
    }
    batch_release(&batch);
    vec_release(&bytes.bytes);
    usage_records_release(&records);
}

/* Lines of hours [from_s, closed_s of the fold's end). */
static void lines_of(const struct log *log, int64_t from_s, struct byte_list *lines)
{
    struct fold *fold = fold_new(0);
    struct byte_list frames = {0}, all = {0};
    struct outcome outcome;
    char from[TIME_TEXT_SIZE];
    time_print(from_s, from);
    log_fold(log, 0, fold, 0, &frames);
    outcome_init(&outcome);
    for (uint32_t i = 0; i < frames.ends.count; i++)
        outcome_take(&outcome, byte_list_at(&frames, i));
    outcome_lines(&outcome, fold_closed_s(fold), &all);
    for (uint32_t i = 0; i < all.ends.count; i++) {
        struct str line = byte_list_at(&all, i);
        const char *hour = memmem(line.at, line.size, "\"hour\":\"", 8);
        struct packer one = {0};
        pack_raw(&one, line.at, line.size);
        if (memcmp(hour + 8, from, 20) >= 0)
            byte_list_add(lines, &one);
        vec_release(&one.bytes);
    }
    outcome_release(&outcome);
    byte_list_release(&frames);
    byte_list_release(&all);
    fold_free(fold);
}

static uint32_t expect_same_from(const struct log *log, struct str snapshot)
{
    struct life at = life_from_snapshot(log, snapshot);
    int64_t from_s = fold_closed_s(at.fold);
    struct byte_list whole = {0}, begun = {0};
    struct log other = {0};
    uint32_t count = 0;
    if (from_s != INT64_MIN && at.next < log->messages[0].ends.count) {
        begin_at(&other, log, at.fold, at.next);
        lines_of(log, from_s, &whole);
        lines_of(&other, from_s, &begun);
        assert_true(byte_list_equal(&whole, &begun));
        count = whole.ends.count;
        log_release(&other);
    }
    byte_list_release(&whole);
    byte_list_release(&begun);
    life_release(&at);
    return count;
}

static void what_a_fold_holds_and_the_rest_of_the_log_make_its_lines(void **state)
{
    (void)state;
    uint64_t compared = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        static const int64_t horizons_h[] = {0, 20, 2};
        struct world world = {.horizon_us = horizons_h[seed % 3] * HOUR_S * SECOND_US};
        struct log log;
        story_make(&world, seed + 90000, (struct story_kind){60, 96, 18, false, true});
        leave_facts_out(&world);
        const struct arrival *last = &world.arrivals.at[world.arrivals.count - 1];
        log_make_live(&log, &world, world.arrivals.count, last->arrives_us + 3 * HOUR_S * (int64_t)SECOND_US);
        struct life first = {.log = &log, .fold = fold_new(0)};
        while (life_epoch(&first))
            ;
        for (uint32_t i = (uint32_t)seed % EVERY; i < first.snapshots.ends.count; i += EVERY)
            compared += expect_same_from(&log, byte_list_at(&first.snapshots, i));
        life_release(&first);
        log_release(&log);
        world_release(&world);
    }
    print_message("# %llu lines\n", (unsigned long long)compared);
    assert_true(compared > 1000);
}

/* --- sums --- */

struct told_sums {
    uint32_t records;
    unsigned __int128 by_meter[METER_COUNT];
};

static void add_up(void *context, const struct record *record, bool made)
{
    struct told_sums *told = context;
    assert_true(made && record->output_tokens <= LIMIT_COUNT && record_is_whole(record));
    for (enum meter m = METER_INPUT_TOKENS; m <= METER_OUTPUT_TOKENS; m++) {
        assert_true(record_count(record, m) <= LIMIT_COUNT);
        told->by_meter[m] += (unsigned __int128)record_count(record, m);
    }
    told->records++;
}

static void a_sum_beyond_one_events_limits_is_told_by_several(void **state)
{
    (void)state;
    enum { EVENTS = 5 };
    static const char *const ids[EVENTS] = {"1", "2", "3", "4", "5"};
    struct world world = {0};
    struct log log;
    struct told_sums told = {0};
    struct byte_list frames = {0};
    const int64_t time_us = INT64_C(1793527200) * SECOND_US;
    for (int i = 0; i < EVENTS; i++) {
        struct record record = {.kind = RECORD_TOKENS,
                                .product = PRODUCT_MAAS,
                                .account = STR("a"),
                                .subject = STR("e"),
                                .source = STR("/s"),
                                .id = str_of(ids[i]),
                                .sku = STR("m"),
                                .time_us = time_us,
                                .since_us = time_us,
                                .input_tokens = LIMIT_COUNT,
                                .cached_input_tokens = 7,
                                .output_tokens = LIMIT_COUNT};
        vec_push(&world.arrivals, (struct arrival){record, time_us});
    }
    log_make_live(&log, &world, EVENTS, time_us + 60 * SECOND_US);
    struct fold *fold = fold_new(0);
    log_fold(&log, 0, fold, 0, &frames);
    fold_base(fold, add_up, &told);
    assert_true(told.records > 1);
    assert_true(told.by_meter[METER_OUTPUT_TOKENS] == (unsigned __int128)EVENTS * LIMIT_COUNT);
    assert_true(told.by_meter[METER_CACHED_INPUT_TOKENS] == EVENTS * 7);
    assert_true(told.by_meter[METER_INPUT_TOKENS] == (unsigned __int128)EVENTS * (LIMIT_COUNT - 7));
    fold_free(fold);
    byte_list_release(&frames);
    log_release(&log);
    world_release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_fold_holds_and_the_rest_of_the_log_make_its_lines),
        cmocka_unit_test(a_sum_beyond_one_events_limits_is_told_by_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
