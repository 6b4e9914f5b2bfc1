/* The worker recovers from whatever fails, in one place and for ever, and tells the truth about it. Its stage
 * here counts the messages of each partition and remembers durably how far it is. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/base/vec.h"
#include "lib/run/worker.h"
#include "tests/support/memory_host.h"
#include "tests/support/test.h"

enum { PARTITIONS = 3 };

struct counting {
    struct partition base;
    int64_t next;
};

struct fixture {
    struct stage stage; /* first */
    struct memory_log *log;
    struct memory_member member;
    struct memory_host host;
    struct worker_config config;
    struct worker *worker;
    int status;
    bool ended;
    /* What the stage counted; a claim goes on from there. */
    int64_t stood[PARTITIONS];
    uint32_t claims[PARTITIONS];
    uint32_t opened;
    bool closed_while_ready;
    /* What the stage is to do. */
    enum error_class open_fails;
    enum error_class take_fails[PARTITIONS];
    enum error_class probe_fails;
    bool lose[PARTITIONS];
    bool turn_fails; /* half a second after the claim */
    int64_t claimed_ms;
    bool fills; /* with each message, until its next turn */
    /* Of the topic beside: how far each was read, and what else the log gave. */
    int64_t beside[PARTITIONS];
    uint32_t beside_gone;
    /* What was shown last. */
    bool ready;
    char why[300];
    enum partition_state states[PARTITIONS];
    int64_t lags[PARTITIONS];
    uint32_t shown, restarts;
};

/* --- a stage that counts --- */

static struct fixture *of(struct stage *stage)
{
    return (struct fixture *)stage;
}

static enum error_class open_stage(struct stage *stage, struct error *error)
{
    of(stage)->opened++;
    if (of(stage)->open_fails == ERROR_NONE)
        return ERROR_NONE;
    return error_set(error, of(stage)->open_fails, "store", "cannot be had");
}

static void close_stage(struct stage *stage)
{
    of(stage)->closed_while_ready |= of(stage)->ready;
}

static struct partition *make_partition(struct stage *stage, uint32_t number)
{
    (void)stage;
    struct counting *counting = calloc(1, sizeof *counting);
    counting->base.number = number;
    return &counting->base;
}

static void free_partition(struct stage *stage, struct partition *partition)
{
    (void)stage;
    free(partition);
}

static enum error_class claim(struct stage *stage, struct partition *const *partitions, uint32_t count,
                              struct error *error)
{
    (void)error;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = partitions[i]->number;
        ((struct counting *)partitions[i])->next = of(stage)->stood[number];
        of(stage)->claims[number]++;
        of(stage)->claimed_ms = stage->host->now_ms(stage->host);
        partition_set(partitions[i], PARTITION_WORKING, NULL);
    }
    return ERROR_NONE;
}

static enum error_class take(struct stage *stage, struct partition *partition,
                             const struct log_message *message, struct error *error)
{
    struct counting *counting = (struct counting *)partition;
    uint32_t number = partition->number;
    if (of(stage)->lose[number]) {
        partition_set(partition, PARTITION_LOST, "somebody else has it");
        return ERROR_NONE;
    }
    if (of(stage)->take_fails[number] != ERROR_NONE)
        return error_set(error, of(stage)->take_fails[number], "rows", "refused");
    assert_int_equal(message->offset, counting->next);
    of(stage)->stood[number] = ++counting->next;
    stage->progress++;
    partition->full = of(stage)->fills;
    return ERROR_NONE;
}

static int64_t beside(const struct stage *stage, const struct partition *partition)
{
    return ((const struct fixture *)stage)->beside[partition->number];
}

static enum error_class take_beside(struct stage *stage, struct partition *partition, enum log_got got,
                                    const struct log_message *message, struct error *error)
{
    (void)error;
    int64_t *next = &of(stage)->beside[partition->number];
    of(stage)->beside_gone += got == LOG_GOT_GONE;
    if (got == LOG_GOT_GONE)
        *next = -1;
    partition->reread |= got == LOG_GOT_GONE;
    if (got != LOG_GOT_MESSAGE)
        return ERROR_NONE;
    assert_int_equal(message->offset, *next);
    (*next)++;
    return ERROR_NONE;
}

static enum error_class turn(struct stage *stage, struct partition *partition, struct error *error)
{
    partition->full = false;
    if (!of(stage)->turn_fails || stage->host->now_ms(stage->host) < of(stage)->claimed_ms + 500)
        return ERROR_NONE;
    return error_set(error, ERROR_ABORT, "store", "fails late");
}

static bool drop(struct stage *stage, struct partition *partition)
{
    (void)stage, (void)partition;
    return false;
}

static void stopped(struct stage *stage, struct partition *partition)
{
    (void)stage, (void)partition;
}

static void figures(const struct stage *stage, const struct partition *partition,
                    struct partition_figures *out)
{
    (void)stage;
    int64_t next = ((const struct counting *)partition)->next;
    *out = (struct partition_figures){next, next, INT64_MIN, INT64_MIN};
}

static enum error_class probe(struct stage *stage, struct error *error)
{
    if (of(stage)->probe_fails == ERROR_NONE)
        return ERROR_NONE;
    return error_set(error, of(stage)->probe_fails, "store", "does not answer");
}

static const struct stage_ops ops = {
    .name = "counting",
    .open = open_stage,
    .close = close_stage,
    .make = make_partition,
    .free = free_partition,
    .claim = claim,
    .take = take,
    .turn = turn,
    .beside = beside,
    .take_beside = take_beside,
    .drop = drop,
    .stopped = stopped,
    .figures = figures,
    .probe = probe,
};

/* --- the fixture --- */

static void show(void *context, const struct worker_view *view)
{
    struct fixture *f = context;
    f->ready = view->ready;
    f->shown = view->count;
    f->restarts = view->restarts;
    snprintf(f->why, sizeof f->why, "%s", view->why);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        f->states[p] = PARTITION_ABSENT;
    for (uint32_t i = 0; i < view->count; i++) {
        f->states[view->shown[i].number] = view->shown[i].state;
        f->lags[view->shown[i].number] = view->shown[i].lag;
    }
}

static void begin(struct fixture *f, const char *partitions)
{
    f->config = (struct worker_config){.stage = &f->stage,
                                       .opener = memory_log_opener(&f->member),
                                       .host = &f->host.host,
                                       .topic = "t",
                                       .partitions = partitions,
                                       .show = show,
                                       .show_context = f};
    f->worker = worker_new(&f->config);
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->stage.ops = &ops;
    f->log = memory_log_new(&(struct memory_log_config){.seed = 3, .now_ms = 100000});
    f->member = (struct memory_member){.log = f->log, .group = "g", .topic = "t", .name = "one"};
    memory_host_init(&f->host, f->log);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    worker_free(f->worker);
    memory_log_free(f->log);
    free(f);
    return 0;
}

/* Turns for so long. */
static void live(struct fixture *f, int64_t ms)
{
    int64_t end_ms = memory_log_now(f->log) + ms;
    while (!f->ended && memory_log_now(f->log) < end_ms)
        f->ended = !worker_turn(f->worker, &f->status);
}

static void put_in(struct fixture *f, const char *topic, uint32_t partition, uint32_t count)
{
    const struct log_record record = {.topic = topic, .partition = partition, .value = STR("v")};
    for (uint32_t i = 0; i < count; i++)
        memory_log_put(f->log, &record);
}

static void put(struct fixture *f, uint32_t partition, uint32_t count)
{
    put_in(f, "t", partition, count);
}

static void begin_well(struct fixture *f)
{
    memory_log_topic(f->log, "t", PARTITIONS);
    begin(f, "group");
    live(f, 3000);
    assert_true(f->ready);
    assert_int_equal(f->shown, PARTITIONS);
}

/* --- working --- */

static void each_message_is_taken_once_and_in_order(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        put(f, p, 100 + p);
    live(f, 3000);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(f->stood[p], 100 + p);
        assert_int_equal(f->lags[p], 0);
    }
}

static void group_offsets_are_committed_for_whoever_watches_lag(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    put(f, 1, 40);
    live(f, 12000);
    assert_int_equal(memory_log_committed(f->log, "g", "t", 1), 40);
}

static void lag_is_shown_while_a_partition_waits(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->take_fails[1] = ERROR_RETRY;
    put(f, 1, 40);
    live(f, 2000);
    f->take_fails[1] = ERROR_NONE;
    live(f, 60000);
    assert_int_equal(f->lags[1], 0);
    assert_int_equal(f->stood[1], 40);
}

static void a_topic_beside_is_read_with_it_and_no_message_of_it_is_missed(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "b", PARTITIONS);
    f->stage.beside = "b";
    f->fills = true;
    begin_well(f);
    for (uint32_t i = 0; i < 20 * PARTITIONS; i++) {
        put(f, i % PARTITIONS, 1);
        put_in(f, "b", i % PARTITIONS, 7);
        live(f, 200);
    }
    live(f, 5000);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(f->stood[p], 20);
        assert_int_equal(f->beside[p], 140);
    }
}

static void what_fails_beside_stops_no_partition(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "b", PARTITIONS);
    put_in(f, "b", 1, 50);
    memory_log_delete_below(f->log, &(struct log_position){"b", 1, 20});
    f->stage.beside = "b";
    begin_well(f);
    put(f, 1, 10);
    live(f, 3000);
    assert_true(f->ready);
    assert_int_equal(f->stood[1], 10);
    assert_int_equal(f->beside_gone, 1);
}

/* --- what an operator must mend --- */

static void ends_for_an_operator(struct fixture *f, const char *partitions)
{
    begin(f, partitions);
    live(f, 10000);
    assert_true(f->ended);
    assert_int_equal(f->status, EX_CONFIG);
}

static void a_topic_that_is_not_there_ends_it_and_says_the_way_out(void **state)
{
    struct fixture *f = *state;
    ends_for_an_operator(f, "group");
    assert_int_equal(f->opened, 1);
}

static void a_partition_that_the_topic_has_not_ends_it(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    ends_for_an_operator(f, "0,7");
}

static void a_stage_that_says_fatal_ends_it(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    f->open_fails = ERROR_FATAL;
    ends_for_an_operator(f, "group");
}

/* --- what heals --- */

static void what_cannot_be_opened_is_tried_again_for_ever_ever_more_rarely(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    f->open_fails = ERROR_ABORT;
    begin(f, "all");
    live(f, 3600 * 1000);
    assert_false(f->ended);
    assert_false(f->ready);
    assert_string_equal(f->why, "store: cannot be had");
    /* Here pauses are half of 0.5, 1, 2, ... 30 s. */
    assert_in_range(f->opened, 240, 250);
    f->open_fails = ERROR_NONE;
    live(f, 40000);
    assert_true(f->ready);
    assert_int_equal(f->restarts, f->opened - 1);
}

static void a_group_is_not_joined_before_there_is_something_to_work_with(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    f->open_fails = ERROR_ABORT;
    begin(f, "group");
    for (int i = 0; i < 1000; i++) {
        live(f, 1);
        assert_null(f->member.handle);
    }
}

static void a_log_that_cannot_be_opened_is_tried_again(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    memory_log_refuse(&f->member, ERROR_ABORT, 5);
    begin(f, "all");
    live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(f->restarts, 5);
}

static void a_dead_handle_is_opened_again_and_nothing_is_missed(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    put(f, 0, 100);
    live(f, 500);
    memory_log_kill(&f->member, false);
    put(f, 0, 100);
    live(f, 1000);
    live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(f->stood[0], 200);
    assert_int_equal(f->restarts, 1);
}

static void handles_are_let_go_only_once_it_is_shown_not_ready(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->probe_fails = ERROR_ABORT;
    live(f, 2000);
    assert_int_equal(f->restarts, 1);
    assert_false(f->closed_while_ready);
    assert_string_equal(f->why, "store: does not answer");
}

static void brokers_that_are_away_make_it_not_ready_within_two_seconds_and_it_waits(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    memory_log_away(f->log, 24 * 3600 * 1000);
    live(f, 2000);
    assert_false(f->ready);
    assert_true(f->why[0] != 0);
    live(f, 24 * 3600 * 1000);
    assert_false(f->ended);
    put(f, 2, 10);
    live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(f->stood[2], 10);
}

static void a_store_that_does_not_answer_makes_it_not_ready_within_a_second(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->probe_fails = ERROR_ABORT;
    live(f, 1100);
    assert_false(f->ready);
    assert_string_equal(f->why, "store: does not answer");
    f->probe_fails = ERROR_NONE;
    live(f, 10000);
    assert_true(f->ready);
}

static void after_a_failure_it_is_ready_only_when_it_has_proven_so(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->turn_fails = true;
    live(f, 200);
    for (int64_t end_ms = memory_log_now(f->log) + 300000; memory_log_now(f->log) < end_ms;) {
        live(f, 1);
        assert_false(f->ready);
    }
    assert_in_range(f->restarts, 15, 26);
    f->turn_fails = false;
    live(f, 40000);
    assert_true(f->ready);
}

/* --- what concerns one partition --- */

static void a_partition_whose_rows_are_refused_waits_alone(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->take_fails[1] = ERROR_RETRY;
    for (uint32_t p = 0; p < PARTITIONS; p++)
        put(f, p, 50);
    live(f, 120000);
    assert_false(f->ended);
    assert_false(f->ready);
    assert_string_equal(f->why, "partition 1 waits: rows: refused");
    assert_int_equal(f->stood[0], 50);
    assert_int_equal(f->stood[1], 0);
    assert_int_equal(f->stood[2], 50);
    assert_int_equal(f->restarts, 0);
    assert_in_range(f->claims[1], 8, 20);
    assert_int_equal(f->claims[0], 1);
    f->take_fails[1] = ERROR_NONE;
    live(f, 40000);
    assert_int_equal(f->stood[1], 50);
    assert_true(f->ready);
}

/* So that each pause is the longest that chance gives. */
static uint64_t most(struct host *host)
{
    (void)host;
    return 251ULL * 501 * 1001 * 2001 * 4001 * 8001 - 1; /* 0.5, 1, 2 ... 16 s are whole */
}

static void a_claim_alone_does_not_end_a_refusal_whatever_chance_says(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->host.host.random = most;
    f->take_fails[1] = ERROR_RETRY;
    put(f, 1, 50);
    live(f, 30000);
    assert_false(f->ready);
    assert_in_range(f->claims[1], 5, 7);
}

static void records_that_are_gone_stop_their_partition_and_no_other(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, "t", PARTITIONS);
    put(f, 1, 50);
    memory_log_delete_below(f->log, &(struct log_position){"t", 1, 20});
    put(f, 0, 50);
    begin(f, "group");
    live(f, 10000);
    assert_false(f->ended);
    assert_false(f->ready);
    assert_int_equal(f->states[1], PARTITION_STOPPED);
    assert_string_equal(f->why,
                        "partition 1 is stopped: the records at its offset were deleted, or never were");
    assert_int_equal(f->states[0], PARTITION_WORKING);
    assert_int_equal(f->stood[0], 50);
    assert_int_equal(f->stood[1], 0);
    put(f, 2, 5);
    live(f, 5000);
    assert_int_equal(f->stood[2], 5);
    assert_int_equal(f->restarts, 0);
}

static void a_partition_that_was_lost_is_claimed_again_after_ever_longer_pauses(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->lose[2] = true;
    put(f, 2, 1);
    live(f, 900 * 1000);
    assert_false(f->ready);
    /* Here pauses are half of 1, 2, 4, ... 60 s. */
    assert_in_range(f->claims[2], 1 + 6 + 20, 1 + 6 + 30);
    assert_int_equal(f->claims[1], 1);
    f->lose[2] = false;
    live(f, 200 * 1000);
    assert_true(f->ready);
    assert_int_equal(f->stood[2], 1);
}

/* --- the group --- */

static void what_the_group_hands_out_is_what_is_worked_on(void **state)
{
    struct fixture *f = *state;
    struct fixture other = {.stage = {.ops = &ops}, .log = f->log};
    begin_well(f);
    other.member = (struct memory_member){.log = f->log, .group = "g", .topic = "t", .name = "two"};
    other.host = f->host;
    begin(&other, "group");
    for (int i = 0; i < 200; i++) {
        live(f, 100);
        live(&other, 100);
    }
    assert_int_equal(f->shown + other.shown, PARTITIONS);
    assert_true(f->shown > 0 && other.shown > 0);
    assert_true(f->ready && other.ready);
    worker_free(other.worker);
    live(f, 60000);
    assert_int_equal(f->shown, PARTITIONS);
    assert_true(f->ready);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_message_is_taken_once_and_in_order),
        TEST(group_offsets_are_committed_for_whoever_watches_lag),
        TEST(lag_is_shown_while_a_partition_waits),
        TEST(a_topic_beside_is_read_with_it_and_no_message_of_it_is_missed),
        TEST(what_fails_beside_stops_no_partition),
        TEST(a_topic_that_is_not_there_ends_it_and_says_the_way_out),
        TEST(a_partition_that_the_topic_has_not_ends_it),
        TEST(a_stage_that_says_fatal_ends_it),
        TEST(what_cannot_be_opened_is_tried_again_for_ever_ever_more_rarely),
        TEST(a_group_is_not_joined_before_there_is_something_to_work_with),
        TEST(a_log_that_cannot_be_opened_is_tried_again),
        TEST(a_dead_handle_is_opened_again_and_nothing_is_missed),
        TEST(handles_are_let_go_only_once_it_is_shown_not_ready),
        TEST(brokers_that_are_away_make_it_not_ready_within_two_seconds_and_it_waits),
        TEST(a_store_that_does_not_answer_makes_it_not_ready_within_a_second),
        TEST(after_a_failure_it_is_ready_only_when_it_has_proven_so),
        TEST(a_partition_whose_rows_are_refused_waits_alone),
        TEST(a_claim_alone_does_not_end_a_refusal_whatever_chance_says),
        TEST(records_that_are_gone_stop_their_partition_and_no_other),
        TEST(a_partition_that_was_lost_is_claimed_again_after_ever_longer_pauses),
        TEST(what_the_group_hands_out_is_what_is_worked_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
