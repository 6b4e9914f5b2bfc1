/* Simulated time: the same events make the same log, with the epochs, ticks and clocks of DESIGN §2. */
#include <stdio.h>

#include "collectors/core/batch.h"
#include "collectors/core/simulate.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { DELAY_S = 10, LOG_BYTES = 1 << 20 };

/* What was sent, as text: "p@clock:ids " a message, "p@clock " a tick; clocks in ms after the first hour. */
struct log {
    char text[LOG_BYTES];
    size_t size;
    size_t messages;
};
static struct log log_a, log_b;

static const int64_t base_s = 490000 * (int64_t)HOUR_S;

static void take(void *context, uint32_t partition, const struct message *message)
{
    struct log *log = context;
    assert_int_equal(message->append_us, message->clock_us);
    assert_int_equal(message->control, CONTROL_NONE);
    assert_int_equal(message->incarnation, 7);
    assert_true(str_equal(message->feed, STR("file")));
    int64_t clock_ms = message->clock_us / 1000 - base_s * 1000;
    log->messages++;
    log->size += (size_t)snprintf(log->text + log->size, LOG_BYTES - log->size, "%u@%lld%s", partition,
                                  (long long)clock_ms, message->record_count > 0 ? ":" : "");
    for (uint32_t i = 0; i < message->record_count && log->size + 300 < LOG_BYTES; i++)
        log->size += (size_t)snprintf(log->text + log->size, LOG_BYTES - log->size, "%.*s",
                                      STR_ARG(message->records[i].id));
    log->size += (size_t)snprintf(log->text + log->size, LOG_BYTES - log->size, " ");
}

static struct simulation *begin(struct log *log, uint32_t partitions, int64_t until_s)
{
    log->size = log->messages = 0;
    log->text[0] = 0;
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    struct simulate_config config = {.partitions = partitions,
                                     .epoch_us = rules.epoch_us,
                                     .delay_us = rules.delay_us,
                                     .until_s = until_s,
                                     .incarnation = 7,
                                     .feed = STR("file"),
                                     .sink = take,
                                     .context = log};
    assert_int_equal(rules.delay_us, DELAY_S * SECOND_US);
    return simulation_new(&config);
}

/* A heartbeat at a time in ms after the base hour. The bytes that its strings lie in do not last. */
static bool add(struct simulation *simulation, const char *id, const char *account, int64_t time_ms)
{
    char bytes[300];
    size_t id_size = strlen(id), account_size = strlen(account);
    memcpy(bytes, id, id_size);
    memcpy(bytes + id_size, account, account_size);
    int64_t time_us = (base_s * 1000 + time_ms) * 1000;
    struct record record = {.kind = RECORD_HEARTBEAT,
                            .account = {bytes + id_size, (uint32_t)account_size},
                            .subject = STR("r"),
                            .source = STR("s"),
                            .id = {bytes, (uint32_t)id_size},
                            .time_us = time_us,
                            .since_us = time_us};
    bool taken = simulation_add(simulation, &record);
    memset(bytes, 'x', sizeof bytes);
    return taken;
}

/* Adds events of one account ("a" at its time, "b", ...) to one partition, ends at TIME, compares the log. */
static void assert_log(const int64_t *times_ms, size_t count, int64_t time_s, const char *expected)
{
    struct simulation *simulation = begin(&log_a, 1, INT64_MAX);
    for (size_t i = 0; i < count; i++)
        assert_true(add(simulation, (const char[]){(char)('a' + i), 0}, "acc", times_ms[i]));
    simulation_end(simulation, base_s + time_s);
    assert_string_equal(log_a.text, expected);
    simulation_free(simulation);
}
#define ASSERT_LOG(expected, time_s, ...)                                                                    \
    assert_log((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t),     \
               time_s, expected)

static void the_last_tick_is_time_plus_delay(void **state)
{
    (void)state;
    ASSERT_LOG("0@1000:a 0@3610000 ", 3600, 1000);
    ASSERT_LOG("0@1000:a 0@1234010000 ", 1234000, 1000);
    struct simulation *simulation = begin(&log_a, 2, INT64_MAX);
    simulation_end(simulation, base_s);
    assert_string_equal(log_a.text, "0@10000 1@10000 ");
    simulation_free(simulation);
}

static void events_of_one_epoch_share_a_message_with_the_running_maximum(void **state)
{
    (void)state;
    ASSERT_LOG("0@4999:abc 0@3610000 ", 3600, 1000, 4999, 2000);
}

static void passing_a_multiple_of_five_seconds_flushes_with_the_old_maximum(void **state)
{
    (void)state;
    ASSERT_LOG("0@5000:ab 0@10000:cd 0@3610000 ", 3600, 4999, 5000, 9999, 10000);
    ASSERT_LOG("0@4999:a 0@5001:b 0@3610000 ", 3600, 4999, 5001);
}

static void an_event_behind_the_clock_does_not_move_it(void **state)
{
    (void)state;
    ASSERT_LOG("0@7000:abc 0@3610000 ", 3600, 7000, 1000, -7200000);
}

static void passing_an_hour_ticks_after_the_flush_and_before_the_event(void **state)
{
    (void)state;
    ASSERT_LOG("0@3599000:a 0@3610000 0@3601000:b 0@7210000 ", 7200, 3599000, 3601000);
    ASSERT_LOG("0@0:a 0@10000 0@3610000 0@7210000 0@10810000 0@10800500:b 0@14410000 ", 14400, 0, 10800500);
}

static void what_is_of_the_hour_s_first_instant_comes_before_the_tick(void **state)
{
    (void)state;
    ASSERT_LOG("0@3600000:abc 0@7210000 ", 7200, 3599000, 3600000, 60000);
    ASSERT_LOG("0@3600000:ab 0@3610000 0@3600001:c 0@7210000 ", 7200, 3599000, 3600000, 3600001);
}

static void hours_of_silence_get_a_tick_each_up_to_a_thousand_and_then_one(void **state)
{
    (void)state;
    const int64_t hour_ms = HOUR_S * 1000;
    struct simulation *simulation = begin(&log_a, 1, INT64_MAX);
    assert_true(add(simulation, "a", "acc", 0));
    assert_true(add(simulation, "b", "acc", 1000 * hour_ms));
    assert_int_equal(log_a.messages, 1 + 1000);
    assert_true(add(simulation, "c", "acc", 2001 * hour_ms));
    assert_int_equal(log_a.messages, 1 + 1000 + 1 + 1001);
    const char *end = "0@7196410000 0@7200010000 ";
    assert_string_equal(log_a.text + log_a.size - strlen(end), end);
    assert_true(add(simulation, "d", "acc", 500000 * hour_ms));
    assert_int_equal(log_a.messages, 1 + 1000 + 1 + 1001 + 1 + 1001);
    end = "0@10800010000 0@1799996410000 ";
    assert_string_equal(log_a.text + log_a.size - strlen(end), end);
    simulation_free(simulation);
}

static void ticks_go_to_every_partition_and_events_to_their_account_s(void **state)
{
    (void)state;
    char expected[200];
    uint32_t p = partition_of(STR("acc"), 3);
    struct simulation *simulation = begin(&log_a, 3, INT64_MAX);
    assert_true(add(simulation, "a", "acc", 0));
    assert_true(add(simulation, "b", "acc", 3600000));
    simulation_end(simulation, base_s + 7200);
    snprintf(expected, sizeof expected,
             "%u@0:a 0@10000 1@10000 2@10000 %u@3600000:b 0@7210000 1@7210000 2@7210000 ", p, p);
    assert_string_equal(log_a.text, expected);
    simulation_free(simulation);
}

static void events_effective_at_or_after_time_are_left_out(void **state)
{
    (void)state;
    struct simulation *simulation = begin(&log_a, 1, base_s + 3600);
    assert_true(add(simulation, "a", "acc", 3599999));
    assert_false(add(simulation, "b", "acc", 3600000));
    assert_false(add(simulation, "c", "acc", 99 * 3600000));
    struct record failed = {.kind = RECORD_FAILED,
                            .account = STR("acc"),
                            .id = STR("f"),
                            .time_us = (base_s + 9000) * SECOND_US,
                            .since_us = (base_s + 60) * SECOND_US};
    assert_true(simulation_add(simulation, &failed));
    simulation_end(simulation, base_s + 3600);
    assert_string_equal(log_a.text, "0@3599999:af 0@3610000 ");
    simulation_free(simulation);
}

static void a_message_ends_when_it_is_full(void **state)
{
    (void)state;
    char id[129] = "";
    memset(id, 'i', 128);
    struct simulation *simulation = begin(&log_a, 1, INT64_MAX);
    for (int i = 0; i < 1000; i++)
        assert_true(add(simulation, id, "acc", 0));
    assert_int_equal(log_a.messages, 1000 * (32 + 128 + 3 + 2) / LIMIT_BATCH_BYTES);
    simulation_end(simulation, base_s + 3600);
    assert_int_equal(log_a.messages, 1000 * (32 + 128 + 3 + 2) / LIMIT_BATCH_BYTES + 2);
    simulation_free(simulation);
}

static void by_default_time_is_the_end_of_the_hour_of_the_latest_event(void **state)
{
    (void)state;
    struct simulation *simulation = begin(&log_a, 1, INT64_MAX);
    assert_true(simulation_default_until_s(simulation) == INT64_MIN);
    assert_true(add(simulation, "a", "acc", 0));
    assert_int_equal(simulation_default_until_s(simulation), base_s + 3600);
    assert_true(add(simulation, "b", "acc", 7199999));
    assert_true(add(simulation, "c", "acc", 1));
    assert_int_equal(simulation_default_until_s(simulation), base_s + 7200);
    simulation_free(simulation);
}

static void a_repeat_under_a_later_time_moves_no_clock(void **state)
{
    (void)state;
    static const struct {
        enum record_kind kind;
        bool succeeded;
        bool is_told_by_its_identity;
    } kinds[] = {{RECORD_TOKENS, false, true},    {RECORD_IMAGES, true, true},
                 {RECORD_IMAGES, false, false},   {RECORD_ORDER_FULFILLED, false, true},
                 {RECORD_DEBITED, false, true},   {RECORD_STOPPED, false, false},
                 {RECORD_HEARTBEAT, false, false}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct simulation *simulation = begin(&log_a, 1, INT64_MAX);
        struct record record = {.kind = kinds[i].kind,
                                .succeeded = kinds[i].succeeded,
                                .account = STR("acc"),
                                .subject = STR("r"),
                                .source = STR("s"),
                                .id = STR("1"),
                                .time_us = base_s * SECOND_US,
                                .since_us = base_s * SECOND_US};
        assert_true(simulation_add(simulation, &record));
        record.time_us = record.since_us = (base_s + 5 * HOUR_S) * SECOND_US;
        assert_true(simulation_add(simulation, &record));
        assert_int_equal(simulation_default_until_s(simulation),
                         base_s + (kinds[i].is_told_by_its_identity ? 1 : 6) * HOUR_S);
        simulation_free(simulation);
    }
}

static void play(struct log *log, uint64_t seed)
{
    struct random random = random_of(seed);
    struct simulation *simulation = begin(log, 1 + random_below(&random, 5), INT64_MAX);
    int64_t now_ms = 0;
    for (int i = 0; i < 500; i++) {
        char id[16], account[16];
        now_ms +=
            random_below(&random, 3) == 0 ? random_below(&random, 3 * 3600000) : random_below(&random, 3000);
        snprintf(id, sizeof id, "%d,", i);
        snprintf(account, sizeof account, "a%u", random_below(&random, 9));
        assert_true(add(simulation, id, account, now_ms - random_below(&random, 7200000)));
    }
    simulation_end(simulation, base_s + now_ms / 1000 + 3600);
    simulation_free(simulation);
}

static void two_runs_of_a_file_are_the_same_log(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        play(&log_a, seed);
        play(&log_b, seed);
        assert_string_equal(log_a.text, log_b.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_tick_is_time_plus_delay),
        cmocka_unit_test(events_of_one_epoch_share_a_message_with_the_running_maximum),
        cmocka_unit_test(passing_a_multiple_of_five_seconds_flushes_with_the_old_maximum),
        cmocka_unit_test(an_event_behind_the_clock_does_not_move_it),
        cmocka_unit_test(passing_an_hour_ticks_after_the_flush_and_before_the_event),
        cmocka_unit_test(what_is_of_the_hour_s_first_instant_comes_before_the_tick),
        cmocka_unit_test(hours_of_silence_get_a_tick_each_up_to_a_thousand_and_then_one),
        cmocka_unit_test(ticks_go_to_every_partition_and_events_to_their_account_s),
        cmocka_unit_test(events_effective_at_or_after_time_are_left_out),
        cmocka_unit_test(a_message_ends_when_it_is_full),
        cmocka_unit_test(by_default_time_is_the_end_of_the_hour_of_the_latest_event),
        cmocka_unit_test(a_repeat_under_a_later_time_moves_no_clock),
        cmocka_unit_test(two_runs_of_a_file_are_the_same_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
