/* What is counted of events as the log is folded and settled is what `hourglass events --with-state` says of
 * each of them at the log's end: the same events, the same numbers, whatever the order of arrival, the
 * repeats and the restarts in between. */
#include "cli/events_state.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "settler/core/charge.h"
#include "tests/property/story.h"
#include "tests/support/test.h"

enum { SEEDS = 600 };

enum state {
    ACCEPTED,
    REPEATED,
    REJECTED,
    NOT_SUCCEEDED,
    IDLE,
    NEVER_PAID,
    PAID_TWICE,
    ENDED_BEFORE,
    STATES
};

static const struct {
    const char *state;
    const char *reason;
} texts[STATES] = {
    [ACCEPTED] = {"accepted", NULL},
    [REPEATED] = {"repeated", NULL},
    [REJECTED] = {"rejected", "time: expected an event within the horizon of its kind"},
    [NOT_SUCCEEDED] = {"without effect", "its status is not \"succeeded\""},
    [IDLE] = {"without effect", "nothing of that name runs then"},
    [NEVER_PAID] = {"without effect", "the order was never paid"},
    [PAID_TWICE] = {"without effect", "another order.paid of the order counts"},
    [ENDED_BEFORE] = {"without effect", "an earlier void or refund of the order counts"},
};

struct seen_record {
    struct record record;
    enum fold_verdict verdict;
};

/* A log that is folded and settled, and what was counted on the way. */
struct run {
    struct random random;
    struct fold *fold;
    struct settlement settlement;
    struct frame_money money;
    struct frame_rows rows;
    VEC(struct seen_record) records; /* strings in the log */
    struct frame_counters counters;
    struct fold_effects effects;
    uint32_t restarts;
};

static void see(void *context, const struct record *record, enum fold_verdict verdict)
{
    struct run *run = context;
    vec_push(&run->records, (struct seen_record){*record, verdict});
}

static void settle(struct run *run, struct str bytes)
{
    struct frame frame;
    assert_int_equal(frame_decode(bytes, &run->rows, &frame), DECODE_OK);
    assert_int_equal(settle_frame(&run->settlement, &frame), SETTLED);
    frame_money_take_payments(&run->settlement, &frame, &run->money);
    run->counters.records_applied += frame.counters.records_applied;
    run->counters.records_repeated += frame.counters.records_repeated;
    run->counters.records_rejected += frame.counters.records_rejected;
}

static void end_epoch(struct run *run)
{
    struct byte_list frames = {0};
    fold_close_epoch(run->fold);
    log_say(run->fold, &frames);
    for (uint32_t i = 0; i < frames.ends.count; i++)
        settle(run, byte_list_at(&frames, i));
    const struct fold_effects *effects = fold_effects(run->fold);
    run->effects.controls += effects->controls;
    run->effects.too_late += effects->too_late;
    run->effects.not_succeeded += effects->not_succeeded;
    run->effects.idle += effects->idle;
    run->effects.idle_no_more += effects->idle_no_more;
    byte_list_release(&frames);
}

static void restart(struct run *run)
{
    struct packer snapshot = {0};
    uint8_t digest[DIGEST_SIZE];
    fold_snapshot(run->fold, &snapshot);
    digest_of(snapshot.bytes.at, snapshot.bytes.count, digest);
    fold_free(run->fold);
    run->fold = fold_restore((struct str){snapshot.bytes.at, snapshot.bytes.count}, digest);
    assert_non_null(run->fold);
    fold_watch(run->fold, see, run);
    vec_release(&snapshot.bytes);
    run->restarts++;
}

static void run_log(struct run *run, const struct log *log)
{
    struct usage_records records = {0};
    bool open = false;
    run->fold = fold_new(0);
    settlement_init(&run->settlement);
    fold_watch(run->fold, see, run);
    for (uint32_t i = 0; i < log->messages[0].ends.count; i++) {
        struct message message;
        assert_int_equal(usage_decode(byte_list_at(&log->messages[0], i), &records, &message), DECODE_OK);
        message.offset = i;
        message.append_us = message.clock_us;
        open = fold_apply(run->fold, &message) != FOLD_EPOCH_DUE;
        if (open)
            continue;
        end_epoch(run);
        if (random_below(&run->random, 4) == 0)
            restart(run);
    }
    if (open)
        end_epoch(run);
    usage_records_release(&records);
}

static void run_release(struct run *run)
{
    fold_free(run->fold);
    settlement_release(&run->settlement);
    frame_money_release(&run->money);
    frame_rows_release(&run->rows);
    vec_release(&run->records);
}

/* --- what events --with-state says --- */

static bool is_idle(const struct run *run, const struct record *record)
{
    const struct kind_row *kind = kind_row(record->kind);
    return kind->shape == SHAPE_LEVEL && kind->change != CHANGE_NONE && !fold_meets_level(run->fold, record);
}

static enum state state_of(const struct event_marks *marks)
{
    for (enum state s = 0; s < STATES; s++)
        if (strcmp(texts[s].state, marks->state) == 0 &&
            (texts[s].reason == marks->reason || (texts[s].reason != NULL && marks->reason != NULL &&
                                                  strcmp(texts[s].reason, marks->reason) == 0)))
            return s;
    fail_msg("%s: %s", marks->state, marks->reason);
    return STATES;
}

static void judge(const struct run *run, uint64_t by_state[STATES])
{
    struct events_state *states = events_state_new();
    for (uint32_t i = 0; i < run->records.count; i++)
        events_state_learn(states, &run->records.at[i].record);
    for (uint32_t i = 0; i < run->records.count; i++) {
        const struct seen_record *seen = &run->records.at[i];
        struct event_marks marks = {0};
        const struct events_known known = {seen->verdict, true, is_idle(run, &seen->record)};
        events_state_judge(states, &seen->record, &known, &marks);
        by_state[state_of(&marks)]++;
    }
    events_state_free(states);
}

static void expect_same(const struct run *run, const uint64_t said[STATES])
{
    const struct fact_effects *facts = &run->settlement.effects;
    uint64_t idle = run->effects.idle - run->effects.idle_no_more;
    uint64_t never_paid = facts->never_paid - facts->paid_later;
    uint64_t applied = run->counters.records_applied - run->effects.controls - facts->repeated;
    uint64_t without_effect =
        run->effects.not_succeeded + idle + never_paid + facts->paid_twice + facts->ended_before;
    assert_int_equal(run->effects.too_late, said[REJECTED]);
    assert_int_equal(run->counters.records_rejected, said[REJECTED]);
    assert_int_equal(run->counters.records_repeated + facts->repeated, said[REPEATED]);
    assert_int_equal(run->effects.not_succeeded, said[NOT_SUCCEEDED]);
    assert_int_equal(idle, said[IDLE]);
    assert_int_equal(never_paid, said[NEVER_PAID]);
    assert_int_equal(facts->paid_twice, said[PAID_TWICE]);
    assert_int_equal(facts->ended_before, said[ENDED_BEFORE]);
    assert_int_equal(applied - without_effect, said[ACCEPTED]);
}

static void what_is_counted_of_events_is_what_is_said_of_them(void **state)
{
    (void)state;
    uint64_t all[STATES] = {0}, idle_no_more = 0, paid_later = 0, restarts = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct run run = {.random = random_of(seed)};
        struct world world = {0};
        struct log log;
        uint64_t said[STATES] = {0};
        story_make(&world, seed + 120000, (struct story_kind){50, 48, 18, false, true});
        world_repeat(&world, &run.random);
        log_make_live(&log, &world, world.arrivals.count,
                      world.arrivals.at[world.arrivals.count - 1].arrives_us + HOUR_S * (int64_t)SECOND_US);
        run_log(&run, &log);
        judge(&run, said);
        expect_same(&run, said);
        for (enum state s = 0; s < STATES; s++)
            all[s] += said[s];
        idle_no_more += run.effects.idle_no_more;
        paid_later += run.settlement.effects.paid_later;
        restarts += run.restarts;
        run_release(&run);
        log_release(&log);
        world_release(&world);
    }
    for (enum state s = 0; s < STATES; s++)
        print_message("# %s, %s: %llu\n", texts[s].state, texts[s].reason == NULL ? "" : texts[s].reason,
                      (unsigned long long)all[s]);
    print_message("# later with effect: %llu, %llu; %llu restarts\n", (unsigned long long)idle_no_more,
                  (unsigned long long)paid_later, (unsigned long long)restarts);
    for (enum state s = 0; s < STATES; s++)
        assert_true(s == REJECTED || all[s] > 50);
    assert_true(idle_no_more > 100 && paid_later > 100 && restarts > SEEDS);
}

/* What is too late is counted, though what was forgotten cannot be told any more of what ran. */
static void what_is_too_late_is_counted_as_rejected(void **state)
{
    (void)state;
    uint64_t rejected = 0;
    for (uint64_t seed = 1; seed <= SEEDS / 10; seed++) {
        struct run run = {.random = random_of(seed)};
        struct world world = {.horizon_us = 2 * HOUR_S * (int64_t)SECOND_US};
        struct log log;
        uint64_t said[STATES] = {0};
        story_make(&world, seed + 130000, (struct story_kind){50, 48, 18, false, true});
        log_make_live(&log, &world, world.arrivals.count,
                      world.arrivals.at[world.arrivals.count - 1].arrives_us + HOUR_S * (int64_t)SECOND_US);
        run_log(&run, &log);
        judge(&run, said);
        assert_int_equal(run.effects.too_late, said[REJECTED]);
        assert_int_equal(run.counters.records_rejected, said[REJECTED]);
        rejected += said[REJECTED];
        run_release(&run);
        log_release(&log);
        world_release(&world);
    }
    assert_true(rejected > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_counted_of_events_is_what_is_said_of_them),
        cmocka_unit_test(what_is_too_late_is_counted_as_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
