/* Verdicts are true, whatever the log and the clock do: the sender on a log in memory, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sysexits.h>

#include <cmocka.h>

#include "collectors/sender.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/domain/topics.h"
#include "lib/port/memory_log.h"

enum { PARTITIONS = 3, LATENCY_MS = 20, LINGER_MS = 50, ANSWER_MS = 10000 };
static const int64_t begin_ms = 1800000000000, hour_us = HOUR_S * (int64_t)SECOND_US;

static struct {
    struct host host;
    struct memory_log *log;
    struct memory_member appends, reads, rejects;
    struct topics topics;
    struct metric metrics[SENDER_METRICS];
    struct metric held_bytes;
    struct sender *sender;
    int64_t step_us; /* of the wall clock */
    uint64_t random;
    bool stopping;
    int64_t longest_pause_ms;
} t;

static int told; /* verdicts */

/* --- the process --- */

static int64_t host_now(struct host *host)
{
    (void)host;
    return memory_log_now(t.log) - begin_ms;
}

static bool host_stopping(struct host *host)
{
    (void)host;
    return t.stopping;
}

static void host_alive(struct host *host)
{
    (void)host;
}

static void host_pause(struct host *host, int64_t pause_ms)
{
    (void)host;
    if (pause_ms > t.longest_pause_ms)
        t.longest_pause_ms = pause_ms;
    memory_log_pass(t.log, pause_ms);
}

static uint64_t host_random(struct host *host)
{
    (void)host;
    return t.random += 1000003;
}

static int64_t host_clock(struct host *host)
{
    (void)host;
    return memory_log_now(t.log) / 1000;
}

static int64_t wall_us(void *context)
{
    (void)context;
    return memory_log_now(t.log) * 1000 + t.step_us;
}

/* --- the world --- */

static void put(struct generation generation)
{
    struct packer bytes = {0};
    generation_encode(&generation, &bytes);
    memory_log_put(t.log, &(struct log_record){.topic = t.topics.snapshots,
                                               .key = STR("generation"),
                                               .value = {bytes.bytes.at, bytes.bytes.count}});
    vec_release(&bytes.bytes);
}

static void put_generation(void)
{
    put((struct generation){.partitions = PARTITIONS,
                            .rules_number = 1,
                            .lifecycle_horizon_us = 35 * 24 * hour_us,
                            .report_horizon_us = 24 * hour_us});
}

static int begin_without_generation(void **state)
{
    (void)state;
    memset(&t, 0, sizeof t);
    told = 0;
    t.host = (struct host){host_now, host_stopping, host_alive, host_pause, host_random, host_clock};
    t.log =
        memory_log_new(&(struct memory_log_config){.seed = 1, .now_ms = begin_ms, .latency_ms = LATENCY_MS});
    t.topics = topics_of("");
    memory_log_topic(t.log, t.topics.records, PARTITIONS);
    memory_log_topic(t.log, t.topics.snapshots, PARTITIONS);
    memory_log_topic(t.log, t.topics.rejects, PARTITIONS);
    t.appends.log = t.reads.log = t.rejects.log = t.log;
    const struct sender_options options = {"", STR("tests"), LINGER_MS, ANSWER_MS};
    const struct sender_ports ports = {memory_log_opener(&t.appends),
                                       memory_log_opener(&t.reads),
                                       memory_log_opener(&t.rejects),
                                       &t.host,
                                       wall_us,
                                       NULL};
    t.sender = sender_new(&options, &ports, t.metrics);
    return 0;
}

static bool is_ready(void)
{
    return readiness_is_ready(sender_readiness(t.sender));
}

static void run(int64_t ms)
{
    for (int64_t end_ms = memory_log_now(t.log) + ms; memory_log_now(t.log) < end_ms;)
        assert_true(sender_turn(t.sender));
}

static int begin(void **state)
{
    begin_without_generation(state);
    put_generation();
    for (int i = 0; i < 100 && !is_ready(); i++)
        run(10);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sender_finish(t.sender);
    sender_free(t.sender);
    memory_log_free(t.log);
    assert_int_equal(metric_value(&t.held_bytes), 0);
    return 0;
}

/* --- submissions --- */

static void on_told(struct submission *submission)
{
    (void)submission;
    told++;
}

static struct submission *submission_of(const char *const *accounts, uint32_t count)
{
    struct submission *submission = submission_new(&t.held_bytes);
    submission->clock_us = wall_us(NULL);
    submission->judged_ms = host_now(NULL);
    submission->told = on_told;
    for (uint32_t i = 0; i < count; i++) {
        struct record record = {.kind = RECORD_STOPPED,
                                .account = str_of(accounts[i]),
                                .subject = STR("s"),
                                .source = STR("/tests"),
                                .id = STR("id"),
                                .time_us = submission->clock_us,
                                .since_us = submission->clock_us};
        batch_add(&submission->accepted, &record);
        submission->accepted_count++;
    }
    return submission;
}

static struct submission *submit(const char *account)
{
    struct submission *submission = submission_of(&account, 1);
    submission_charge(submission, 100);
    assert_true(metric_value(&t.held_bytes) > 100);
    assert_true(sender_submit(t.sender, submission));
    return submission;
}

static void refuse(struct submission *submission, const char *account)
{
    rejects_add(&submission->rejects, &(struct reject){.reason = STR("time: late"),
                                                       .feed = STR("tests"),
                                                       .account = str_of(account),
                                                       .bytes = STR("{}")});
}

/* One that refuses by the clock what it holds beside its good events. */
static struct submission *submit_in_doubt(const char *const *accounts, uint32_t count)
{
    struct submission *submission = submission_of(accounts, count);
    submission->is_in_doubt = true;
    refuse(submission, "late");
    assert_true(sender_submit(t.sender, submission));
    return submission;
}

static enum verdict verdict_of(const struct submission *submission)
{
    return atomic_load(&submission->verdict);
}

/* Runs until there is a verdict, and releases it. Returns how long it took. */
static int64_t expect(struct submission *submission, enum verdict verdict)
{
    int64_t from_ms = memory_log_now(t.log);
    while (verdict_of(submission) == VERDICT_WAITING && memory_log_now(t.log) - from_ms < 2 * ANSWER_MS)
        run(1);
    assert_int_equal(verdict_of(submission), verdict);
    submission_release(submission);
    return memory_log_now(t.log) - from_ms;
}

/* --- what stands in the log --- */

struct found {
    uint32_t messages;
    uint32_t records;
    struct message last;
};

static struct found look(uint32_t partition)
{
    static struct usage_records records;
    struct found found = {0};
    struct log_message message;
    for (struct log_position at = {t.topics.records, partition, 0}; memory_log_look(t.log, &at, &message);
         at.offset = message.offset + 1) {
        assert_int_equal(usage_decode(message.value, &records, &found.last), DECODE_OK);
        found.messages++;
        found.records += found.last.record_count;
    }
    usage_records_release(&records);
    return found;
}

static uint32_t records_of(const char *account)
{
    return look(partition_of(str_of(account), PARTITIONS)).records;
}

static int64_t rejects_in(uint32_t partition)
{
    struct log_range range = {t.topics.rejects, partition, 0, 0};
    memory_log_range(t.log, &range);
    return range.high - range.low;
}

static int64_t metric_of(enum sender_metric metric)
{
    return metric_value(&t.metrics[metric]);
}

/* --- readiness and recovery --- */

static void it_is_ready_once_a_round_of_ticks_has_agreed(void **state)
{
    (void)state;
    assert_false(is_ready());
    assert_false(sender_is_open(t.sender));
    put_generation();
    run(LATENCY_MS);
    assert_false(is_ready());
    run(LATENCY_MS + 20);
    assert_true(is_ready() && sender_is_open(t.sender));
    assert_int_equal(metric_of(SENDER_TICKS), PARTITIONS);
}

static void nothing_is_sent_without_a_generation(void **state)
{
    (void)state;
    assert_false(sender_turn(t.sender));
    assert_int_equal(sender_finish(t.sender), EX_CONFIG);
    assert_int_equal(metric_of(SENDER_TICKS), 0);
}

static void a_silent_partition_gets_a_tick_an_epoch(void **state)
{
    (void)state;
    int64_t before = metric_of(SENDER_TICKS);
    run(60000);
    assert_int_equal(metric_of(SENDER_TICKS) - before, 12 * PARTITIONS);
    for (int i = 0; i < 60; i++) {
        struct submission *submission = submit("busy");
        expect(submission, VERDICT_DURABLE);
        run(1000);
    }
    before = metric_of(SENDER_TICKS);
    for (int i = 0; i < 60; i++) {
        expect(submit("busy"), VERDICT_DURABLE);
        run(1000);
    }
    assert_in_range(metric_of(SENDER_TICKS) - before, 12 * (PARTITIONS - 1), 13 * (PARTITIONS - 1));
}

static void a_log_that_is_away_is_waited_for_for_ever(void **state)
{
    (void)state;
    memory_log_away(t.log, 1800 * 1000);
    struct submission *submission = submit("a");
    run(LINGER_MS + 1100);
    assert_false(is_ready());
    assert_true(sender_is_open(t.sender));
    assert_int_equal(expect(submission, VERDICT_UNAVAILABLE) > ANSWER_MS - 2000, true);
    run(1795 * 1000);
    assert_true(is_ready());
    /* It was queued all the time, and no tick behind it. */
    assert_int_equal(records_of("a"), 1);
    assert_in_range(metric_of(SENDER_TICKS), PARTITIONS, 4 * PARTITIONS);
    assert_int_equal(metric_of(SENDER_RESTARTS), 0);
    expect(submit("a"), VERDICT_DURABLE);
}

static void an_idle_one_notices_within_an_epoch_that_the_log_is_silent(void **state)
{
    (void)state;
    memory_log_away(t.log, 60000);
    run(6100);
    assert_false(is_ready());
}

static void a_handle_that_cannot_be_had_is_asked_for_again_for_ever(void **state)
{
    (void)state;
    memory_log_refuse(&t.appends, ERROR_ABORT, 40);
    memory_log_kill(&t.appends, false);
    run(10000);
    assert_false(is_ready());
    for (int i = 0; i < 60 && !is_ready(); i++)
        run(30000);
    assert_true(is_ready());
    assert_in_range(t.longest_pause_ms, 15000, 30000);
    t.longest_pause_ms = 0;
    memory_log_kill(&t.appends, false);
    run(3000);
    assert_true(is_ready());
    assert_in_range(t.longest_pause_ms, 250, 500);
}

/* A log that has just come back may not know its topics yet. */
static void who_had_a_generation_waits_for_it(void **state)
{
    (void)state;
    assert_true(memory_log_remove(t.log, &(struct log_position){t.topics.snapshots, 0, 0}));
    memory_log_kill(&t.appends, false);
    run(60000);
    assert_false(is_ready());
    put_generation();
    run(60000);
    assert_true(is_ready());
}

static void expect_fatal(struct generation generation)
{
    put(generation);
    assert_false(sender_turn(t.sender));
    assert_int_equal(sender_finish(t.sender), EX_CONFIG);
    assert_int_equal(metric_of(SENDER_TICKS), 0);
}

static void a_generation_for_files_takes_nothing_live(void **state)
{
    (void)state;
    expect_fatal((struct generation){.partitions = PARTITIONS, .rules_number = 1, .simulated = true});
}

static void newer_rules_are_not_spoken(void **state)
{
    (void)state;
    expect_fatal((struct generation){.partitions = PARTITIONS, .rules_number = 2});
}

static void a_generation_that_was_made_anew_is_another(void **state)
{
    (void)state;
    assert_true(memory_log_remove(t.log, &(struct log_position){t.topics.snapshots, 0, 0}));
    put((struct generation){.partitions = PARTITIONS, .rules_number = 1, .init_digest = {1}});
    memory_log_kill(&t.appends, false);
    assert_true(sender_turn(t.sender));
    assert_false(sender_turn(t.sender));
    assert_int_equal(sender_finish(t.sender), EX_CONFIG);
}

/* --- durable --- */

static void it_is_durable_when_acknowledged_not_when_sent(void **state)
{
    (void)state;
    memory_log_delay(&t.appends, 2000);
    struct submission *submission = submit("a");
    run(LINGER_MS + 1000);
    assert_int_equal(metric_of(SENDER_MESSAGES), 1);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    assert_int_equal(told, 0);
    expect(submission, VERDICT_DURABLE);
    assert_int_equal(told, 1);
    assert_int_equal(records_of("a"), 1);
    assert_int_equal(metric_value(&t.held_bytes), 0);
}

/* Of another partition than the first one's. */
static const char *elsewhere(const char *account)
{
    static char other[8];
    for (int i = 0; i < 100; i++) {
        snprintf(other, sizeof other, "x%d", i);
        if (partition_of(str_of(other), PARTITIONS) != partition_of(str_of(account), PARTITIONS))
            break;
    }
    return other;
}

static void it_is_durable_when_all_of_its_messages_are_acknowledged(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    static const char *accounts[MANY];
    for (int i = 0; i < MANY; i++)
        accounts[i] = "a"; /* fills messages, which are sent at once */
    accounts[MANY - 1] = elsewhere("a");
    memory_log_delay(&t.appends, 0);
    struct submission *submission = submission_of(accounts, MANY);
    assert_true(sender_submit(t.sender, submission));
    run(LATENCY_MS + 15);
    assert_true(metric_of(SENDER_MESSAGES) > 0);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    expect(submission, VERDICT_DURABLE);
    assert_int_equal(records_of("a"), MANY - 1);
    assert_int_equal(records_of(accounts[MANY - 1]), 1);
}

static void a_failed_delivery_is_never_durable(void **state)
{
    (void)state;
    uint64_t before = look(0).last.incarnation;
    memory_log_lose_ack(&t.appends, t.topics.records);
    expect(submit("a"), VERDICT_UNAVAILABLE);
    run(5000);
    assert_true(is_ready());
    assert_int_equal(metric_of(SENDER_RESTARTS), 1);
    assert_true(look(0).last.incarnation != before);
    expect(submit("a"), VERDICT_DURABLE);
}

static void what_waits_when_a_handle_dies_is_unavailable(void **state)
{
    (void)state;
    memory_log_delay(&t.appends, 5000);
    struct submission *sent = submit("a");
    run(LINGER_MS + 20);
    struct submission *queued = submit("b");
    memory_log_kill(&t.appends, true);
    assert_true(expect(sent, VERDICT_UNAVAILABLE) < 1000);
    assert_true(expect(queued, VERDICT_UNAVAILABLE) < 1000);
    struct submission *early = submission_of(NULL, 0);
    assert_false(sender_submit(t.sender, early));
    submission_release(early);
    assert_int_equal(metric_value(&t.held_bytes), 0);
}

static void where_there_is_no_room_it_stays_for_later(void **state)
{
    (void)state;
    memory_log_fill(&t.appends, 5);
    struct submission *submission = submit("a");
    while (memory_log_struck(t.log, MEMORY_QUEUE_FULL) < 5) {
        run(1);
        assert_true(is_ready());
    }
    expect(submission, VERDICT_DURABLE);
    assert_int_equal(records_of("a"), 1);
    assert_int_equal(memory_log_struck(t.log, MEMORY_QUEUE_FULL), 5);
}

static void what_waits_at_the_end_is_sent(void **state)
{
    (void)state;
    struct submission *submission = submit("a");
    sender_finish(t.sender);
    assert_int_equal(verdict_of(submission), VERDICT_DURABLE);
    submission_release(submission);
    assert_int_equal(records_of("a"), 1);
    assert_false(sender_is_open(t.sender));
}

/* --- what messages say --- */

static void a_record_lies_in_its_accounts_partition(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        char account[8];
        snprintf(account, sizeof account, "p%d", i);
        uint32_t before = records_of(account);
        expect(submit(account), VERDICT_DURABLE);
        assert_int_equal(records_of(account), before + 1);
    }
}

static void a_message_says_how_many_before_it_were_acknowledged(void **state)
{
    (void)state;
    uint32_t partition = partition_of(STR("a"), PARTITIONS);
    for (int i = 0; i < 10; i++) {
        uint32_t before = look(partition).messages;
        expect(submit("a"), VERDICT_DURABLE);
        assert_int_equal(look(partition).messages, before + 1);
        assert_int_equal(look(partition).last.acknowledged, before);
    }
    memory_log_kill(&t.appends, false);
    run(5000);
    assert_true(look(partition).last.acknowledged <= 1);
    /* Sent is not acknowledged. */
    memory_log_delay(&t.appends, 3000);
    uint64_t before = look(partition).last.acknowledged;
    struct submission *first = submit("a");
    run(LINGER_MS + 20);
    struct submission *second = submit("a");
    expect(second, VERDICT_DURABLE);
    expect(first, VERDICT_DURABLE);
    assert_in_range(look(partition).last.acknowledged, before + 1, before + 1);
}

/* --- refusals that rest on the clock --- */

static void a_refusal_by_the_clock_stands_after_a_round(void **state)
{
    (void)state;
    run(1500);
    struct submission *submission = submit_in_doubt(NULL, 0);
    run(10);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    assert_true(expect(submission, VERDICT_DURABLE) < 1000);
    run(100);
    assert_int_equal(rejects_in(partition_of(STR("late"), PARTITIONS)), 1);
}

static void many_refusals_by_the_clock_share_rounds(void **state)
{
    (void)state;
    int64_t before = metric_of(SENDER_TICKS);
    for (int i = 0; i < 500; i++)
        submission_release(submit_in_doubt(NULL, 0)), run(20);
    run(2000);
    assert_int_equal(metric_of(SENDER_WAITING), 0);
    assert_true(metric_of(SENDER_TICKS) - before <= 14 * PARTITIONS);
}

/* Where acknowledgements take longer than rounds could follow each other. */
static void no_refusal_starves_behind_later_ones(void **state)
{
    (void)state;
    memory_log_delay(&t.appends, 1500);
    struct submission *first = submit_in_doubt(NULL, 0);
    for (int i = 0; i < 100 && verdict_of(first) == VERDICT_WAITING; i++) {
        submission_release(submit_in_doubt(NULL, 0));
        run(90);
    }
    assert_int_equal(expect(first, VERDICT_DURABLE), 0);
}

static void expect_fallen(int64_t step_us)
{
    run(1500);
    t.step_us = step_us;
    struct submission *submission = submit_in_doubt(NULL, 0);
    assert_true(expect(submission, VERDICT_UNAVAILABLE) < 1000);
    assert_false(is_ready());
    t.step_us = 0;
    run(10000);
    assert_true(is_ready());
    for (uint32_t p = 0; p < PARTITIONS; p++)
        assert_int_equal(rejects_in(p), 0);
}

static void a_clock_an_hour_back_refuses_nothing_for_good(void **state)
{
    (void)state;
    expect_fallen(-hour_us);
}

static void a_clock_a_year_ahead_refuses_nothing_for_good(void **state)
{
    (void)state;
    expect_fallen(365 * 24 * hour_us);
}

static void a_clock_that_was_ahead_for_a_moment_refuses_nothing_for_good(void **state)
{
    (void)state;
    run(1500);
    t.step_us = hour_us;
    struct submission *submission = submit_in_doubt(NULL, 0);
    t.step_us = 0;
    expect(submission, VERDICT_UNAVAILABLE);
    assert_true(is_ready());
}

static void a_batch_with_good_and_late_events_waits_for_the_round(void **state)
{
    (void)state;
    static const char *const accounts[] = {"a"};
    struct submission *submission = submit_in_doubt(accounts, 1);
    run(LINGER_MS + LATENCY_MS + 50);
    assert_int_equal(records_of("a"), 1);
    assert_int_equal(verdict_of(submission), VERDICT_WAITING);
    expect(submission, VERDICT_DURABLE);
}

static void good_events_are_not_held_up_by_others_that_are_late(void **state)
{
    (void)state;
    run(200);
    struct submission *late = submit_in_doubt(NULL, 0);
    assert_true(expect(submit("a"), VERDICT_DURABLE) <= LINGER_MS + LATENCY_MS + 30);
    assert_int_equal(verdict_of(late), VERDICT_WAITING);
    expect(late, VERDICT_DURABLE);
}

static void without_a_round_a_refusal_is_unavailable_after_ten_seconds(void **state)
{
    (void)state;
    memory_log_away(t.log, 60000);
    int64_t took_ms = expect(submit_in_doubt(NULL, 0), VERDICT_UNAVAILABLE);
    assert_in_range(took_ms, ANSWER_MS, ANSWER_MS + 50);
    run(1000);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        assert_int_equal(rejects_in(p), 0);
}

/* --- a log that loses what it acknowledged --- */

static void lose_last(const char *account)
{
    struct log_range range = {t.topics.records, partition_of(str_of(account), PARTITIONS), 0, 0};
    memory_log_range(t.log, &range);
    assert_true(
        memory_log_lose_tail(t.log, &(struct log_position){range.topic, range.partition, range.high - 2}));
}

static void an_acknowledged_tail_that_is_lost_is_said_once(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        expect(submit("a"), VERDICT_DURABLE);
    assert_int_equal(metric_of(SENDER_TAILS_LOST), 0);
    lose_last("a");
    expect(submit("a"), VERDICT_DURABLE);
    assert_int_equal(metric_of(SENDER_TAILS_LOST), 1);
    expect(submit("a"), VERDICT_DURABLE);
    assert_int_equal(metric_of(SENDER_TAILS_LOST), 1);
    assert_true(is_ready());
}

static void it_is_said_across_handles_too(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        expect(submit("a"), VERDICT_DURABLE);
    memory_log_kill(&t.appends, false);
    lose_last("a");
    run(3000);
    assert_int_equal(metric_of(SENDER_TAILS_LOST), 1);
}

/* --- rejects --- */

static struct submission *refusal_of_many(uint32_t count, const char *account)
{
    struct submission *submission = submission_new(&t.held_bytes);
    for (uint32_t i = 0; i < count; i++)
        refuse(submission, account);
    return submission;
}

static void what_was_refused_is_kept_by_account(void **state)
{
    (void)state;
    struct submission *named = refusal_of_many(2, "acme"), *nameless = refusal_of_many(1, "");
    sender_keep(t.sender, named);
    run(100);
    assert_int_equal(rejects_in(partition_of(STR("acme"), PARTITIONS)), 2);
    int64_t before = rejects_in(0);
    sender_keep(t.sender, nameless);
    run(100);
    assert_int_equal(rejects_in(0), before + 1);
    assert_int_equal(metric_of(SENDER_REJECTS_KEPT), 3);
    assert_int_equal(metric_of(SENDER_REJECTS_NOT_KEPT), 0);
    submission_release(named);
    submission_release(nameless);
    assert_int_equal(metric_value(&t.held_bytes), 0);
}

static void what_is_refused_and_not_kept_is_counted(void **state)
{
    (void)state;
    enum { ROUNDS = 30 };
    for (int i = 0; i < ROUNDS; i++) {
        struct submission *submission = refusal_of_many(1100, "acme");
        sender_keep(t.sender, submission);
        submission_release(submission);
        run(10);
    }
    run(1000);
    int64_t kept = metric_of(SENDER_REJECTS_KEPT), not_kept = metric_of(SENDER_REJECTS_NOT_KEPT);
    assert_int_equal(kept + not_kept, ROUNDS * 1100);
    assert_in_range(kept, 10000, 10000 + 1500);
}

static void a_log_that_takes_no_rejects_fails_no_verdict(void **state)
{
    (void)state;
    memory_log_refuse(&t.rejects, ERROR_FATAL, 3);
    struct submission *submission = refusal_of_many(5, "acme");
    sender_keep(t.sender, submission);
    assert_true(expect(submit("a"), VERDICT_DURABLE) <= LINGER_MS + LATENCY_MS + 30);
    assert_true(is_ready());
    assert_int_equal(metric_of(SENDER_REJECTS_NOT_KEPT), 5);
    submission_release(submission);
    for (int i = 0; i < 10; i++) {
        submission = refusal_of_many(1, "acme");
        sender_keep(t.sender, submission);
        submission_release(submission);
        run(2000);
    }
    assert_true(metric_of(SENDER_REJECTS_KEPT) >= 5);
    assert_int_equal(metric_of(SENDER_RESTARTS), 0);
}

static void a_reject_whose_delivery_fails_is_counted_and_nothing_else(void **state)
{
    (void)state;
    struct submission *submission = refusal_of_many(1, "acme");
    sender_keep(t.sender, submission);
    memory_log_delay(&t.rejects, 500);
    run(20);
    memory_log_lose_ack(&t.rejects, t.topics.rejects);
    sender_keep(t.sender, submission);
    run(3000);
    assert_int_equal(metric_of(SENDER_RESTARTS), 0);
    assert_true(is_ready());
    submission_release(submission);
}

/* As large as they may be. */
static void keep_large(int count)
{
    static char text[LIMIT_REJECT_BYTES];
    for (int i = 0; i < count; i++) {
        struct submission *submission = submission_new(&t.held_bytes);
        rejects_add(&submission->rejects,
                    &(struct reject){.reason = STR("json: bad"), .bytes = {text, sizeof text}});
        sender_keep(t.sender, submission);
        submission_release(submission);
        run(20);
    }
}

static void large_rejects_are_bounded_by_bytes_a_second(void **state)
{
    (void)state;
    keep_large(500);
    int64_t seconds = host_now(NULL) / 1000 + 1, bytes = metric_of(SENDER_REJECTS_KEPT) * LIMIT_REJECT_BYTES;
    assert_in_range(bytes, 8 << 20, (8 << 20) + (seconds << 20));
}

static void rejects_on_their_way_are_bounded(void **state)
{
    (void)state;
    memory_log_away(t.log, 100000);
    keep_large(4000);
    assert_in_range(log_pending(t.rejects.handle).bytes, 7 << 20, 8 << 20);
}

static void what_waits_to_be_kept_when_a_handle_dies_is_counted(void **state)
{
    (void)state;
    struct submission *submission = refusal_of_many(4, "acme");
    sender_keep(t.sender, submission);
    memory_log_kill(&t.appends, false);
    run(100);
    assert_int_equal(metric_of(SENDER_REJECTS_NOT_KEPT), 4);
    submission_release(submission);
}

static void who_is_closed_keeps_nothing_and_counts_it(void **state)
{
    (void)state;
    struct submission *submission = refusal_of_many(4, "acme");
    sender_keep(t.sender, submission);
    assert_int_equal(metric_of(SENDER_REJECTS_NOT_KEPT), 4);
    submission_release(submission);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define TEST_YOUNG(name) cmocka_unit_test_setup_teardown(name, begin_without_generation, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_YOUNG(it_is_ready_once_a_round_of_ticks_has_agreed),
        TEST_YOUNG(nothing_is_sent_without_a_generation),
        TEST(a_silent_partition_gets_a_tick_an_epoch),
        TEST(a_log_that_is_away_is_waited_for_for_ever),
        TEST(an_idle_one_notices_within_an_epoch_that_the_log_is_silent),
        TEST(a_handle_that_cannot_be_had_is_asked_for_again_for_ever),
        TEST(who_had_a_generation_waits_for_it),
        TEST_YOUNG(a_generation_for_files_takes_nothing_live),
        TEST_YOUNG(newer_rules_are_not_spoken),
        TEST(a_generation_that_was_made_anew_is_another),
        TEST(it_is_durable_when_acknowledged_not_when_sent),
        TEST(it_is_durable_when_all_of_its_messages_are_acknowledged),
        TEST(a_failed_delivery_is_never_durable),
        TEST(what_waits_when_a_handle_dies_is_unavailable),
        TEST(where_there_is_no_room_it_stays_for_later),
        TEST(what_waits_at_the_end_is_sent),
        TEST(a_record_lies_in_its_accounts_partition),
        TEST(a_message_says_how_many_before_it_were_acknowledged),
        TEST(a_refusal_by_the_clock_stands_after_a_round),
        TEST(many_refusals_by_the_clock_share_rounds),
        TEST(no_refusal_starves_behind_later_ones),
        TEST(a_clock_an_hour_back_refuses_nothing_for_good),
        TEST(a_clock_a_year_ahead_refuses_nothing_for_good),
        TEST(a_clock_that_was_ahead_for_a_moment_refuses_nothing_for_good),
        TEST(a_batch_with_good_and_late_events_waits_for_the_round),
        TEST(good_events_are_not_held_up_by_others_that_are_late),
        TEST(without_a_round_a_refusal_is_unavailable_after_ten_seconds),
        TEST(an_acknowledged_tail_that_is_lost_is_said_once),
        TEST(it_is_said_across_handles_too),
        TEST(what_was_refused_is_kept_by_account),
        TEST(what_is_refused_and_not_kept_is_counted),
        TEST(a_log_that_takes_no_rejects_fails_no_verdict),
        TEST(a_reject_whose_delivery_fails_is_counted_and_nothing_else),
        TEST(large_rejects_are_bounded_by_bytes_a_second),
        TEST(rejects_on_their_way_are_bounded),
        TEST(what_waits_to_be_kept_when_a_handle_dies_is_counted),
        TEST_YOUNG(who_is_closed_keeps_nothing_and_counts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
