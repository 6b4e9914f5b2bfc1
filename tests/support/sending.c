#include "tests/support/sending.h"

struct sending sending;

/* --- the process --- */

static int64_t host_now(struct host *host)
{
    (void)host;
    return memory_log_now(sending.log) - SENDING_BEGIN_MS;
}

static bool host_stopping(struct host *host)
{
    (void)host;
    return sending.stopping;
}

static void host_alive(struct host *host)
{
    (void)host;
}

static void host_pause(struct host *host, int64_t pause_ms)
{
    (void)host;
    if (pause_ms > sending.longest_pause_ms)
        sending.longest_pause_ms = pause_ms;
    memory_log_pass(sending.log, pause_ms);
}

static uint64_t host_random(struct host *host)
{
    (void)host;
    return sending.random += 1000003;
}

static int64_t host_clock(struct host *host)
{
    (void)host;
    return memory_log_now(sending.log) / 1000;
}

static int64_t wall_us(void *context)
{
    (void)context;
    return memory_log_now(sending.log) * 1000 + sending.step_us;
}

/* --- the world --- */

void sending_put(struct generation generation)
{
    struct packer bytes = {0};
    generation_encode(&generation, &bytes);
    memory_log_put(sending.log, &(struct log_record){.topic = sending.topics.snapshots,
                                                     .key = STR("generation"),
                                                     .value = {bytes.bytes.at, bytes.bytes.count}});
    vec_release(&bytes.bytes);
}

void sending_put_generation(void)
{
    sending_put((struct generation){.partitions = PARTITIONS,
                                    .rules_number = 1,
                                    .lifecycle_horizon_us = 35 * 24 * HOUR_US,
                                    .report_horizon_us = 24 * HOUR_US});
}

int sending_begin_young(void **state)
{
    (void)state;
    sending = (struct sending){0};
    sending.host = (struct host){host_now, host_stopping, host_alive, host_pause, host_random, host_clock};
    sending.log = memory_log_new(
        &(struct memory_log_config){.seed = 1, .now_ms = SENDING_BEGIN_MS, .latency_ms = LATENCY_MS});
    sending.topics = topics_of("");
    memory_log_topic(sending.log, sending.topics.records, PARTITIONS);
    memory_log_topic(sending.log, sending.topics.snapshots, PARTITIONS);
    memory_log_topic(sending.log, sending.topics.rejects, PARTITIONS);
    sending.appends.log = sending.reads.log = sending.rejects.log = sending.log;
    const struct sender_options options = {"", STR("tests"), LINGER_MS, ANSWER_MS};
    const struct sender_ports ports = {memory_log_opener(&sending.appends),
                                       memory_log_opener(&sending.reads),
                                       memory_log_opener(&sending.rejects),
                                       &sending.host,
                                       wall_us,
                                       NULL};
    sending.sender = sender_new(&options, &ports, sending.metrics);
    return 0;
}

bool sending_is_ready(void)
{
    struct readiness_view view;
    readiness_view(sender_readiness(sending.sender), &view);
    return view.ready;
}

void sending_run(int64_t ms)
{
    for (int64_t end_ms = memory_log_now(sending.log) + ms; memory_log_now(sending.log) < end_ms;)
        assert_true(sender_turn(sending.sender));
}

int sending_begin(void **state)
{
    sending_begin_young(state);
    sending_put_generation();
    for (int i = 0; i < 100 && !sending_is_ready(); i++)
        sending_run(10);
    return 0;
}

int sending_end(void **state)
{
    (void)state;
    sender_finish(sending.sender);
    sender_free(sending.sender);
    memory_log_free(sending.log);
    assert_int_equal(metric_value(&sending.held_bytes), 0);
    return 0;
}

/* --- submissions --- */

static void on_told(struct submission *submission)
{
    (void)submission;
    sending.told++;
}

struct submission *sending_submission(const char *const *accounts, uint32_t count)
{
    struct submission *submission = submission_new(&sending.held_bytes);
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

struct submission *sending_submit(const char *account)
{
    struct submission *submission = sending_submission(&account, 1);
    submission_charge(submission, 100);
    assert_true(metric_value(&sending.held_bytes) > 100);
    assert_true(sender_submit(sending.sender, submission));
    return submission;
}

void sending_refuse(struct submission *submission, const char *account)
{
    rejects_add(&submission->rejects, &(struct reject){.reason = STR("time: late"),
                                                       .feed = STR("tests"),
                                                       .account = str_of(account),
                                                       .bytes = STR("{}")});
}

/* One that refuses by the clock what it holds beside its good events. */
struct submission *sending_submit_in_doubt(const char *const *accounts, uint32_t count)
{
    struct submission *submission = sending_submission(accounts, count);
    submission->is_in_doubt = true;
    sending_refuse(submission, "late");
    assert_true(sender_submit(sending.sender, submission));
    return submission;
}

enum verdict verdict_of(const struct submission *submission)
{
    return atomic_load(&submission->verdict);
}

/* Runs until there is a verdict, and releases it. Returns how long it took. */
int64_t sending_expect(struct submission *submission, enum verdict verdict)
{
    int64_t from_ms = memory_log_now(sending.log);
    while (verdict_of(submission) == VERDICT_WAITING && memory_log_now(sending.log) - from_ms < 2 * ANSWER_MS)
        sending_run(1);
    assert_int_equal(verdict_of(submission), verdict);
    submission_release(submission);
    return memory_log_now(sending.log) - from_ms;
}

/* --- what stands in the log --- */

struct found sending_look(uint32_t partition)
{
    static struct usage_records records;
    struct found found = {0};
    struct log_message message;
    for (struct log_position at = {sending.topics.records, partition, 0};
         memory_log_look(sending.log, &at, &message); at.offset = message.offset + 1) {
        assert_int_equal(usage_decode(message.value, &records, &found.last), DECODE_OK);
        found.messages++;
        found.records += found.last.record_count;
    }
    usage_records_release(&records);
    return found;
}

uint32_t sending_records_of(const char *account)
{
    return sending_look(partition_of(str_of(account), PARTITIONS)).records;
}

int64_t sending_rejects_in(uint32_t partition)
{
    struct log_range range = {sending.topics.rejects, partition, 0, 0};
    memory_log_range(sending.log, &range);
    return range.high - range.low;
}

int64_t sending_metric(enum sender_metric metric)
{
    return metric_value(&sending.metrics[metric]);
}

int64_t sending_now_ms(void)
{
    return memory_log_now(sending.log) - SENDING_BEGIN_MS;
}
