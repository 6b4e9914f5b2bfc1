/* Rows of `notices` become messages of billing.notices: each at least once, in order per account, whoever is
 * killed, loses its claim, or is not answered; who catches up sends the latest states alone. */
#include "lib/io/journal.h"
#include "settler/counters.h"
#include "tests/support/notices_world.h"
#include "tests/support/test.h"

enum { SEEDS = 300 };

/* --- sending --- */

static void rows_are_sent_once_where_nothing_fails(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 1, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    int64_t sent = metric_value(&settler_metrics[SETTLER_NOTICES_SENT]);
    process_start(&world, &world.processes[0]);
    for (int i = 0; i < 3000; i++)
        world_add(&world, (uint32_t)i % 2, world_accounts[i % ACCOUNTS], world_clock_us(&world));
    world_live(&world, 5000);
    assert_true(world_all_sent(&world));
    world_expect_whole(&world);
    assert_int_equal(world_count(&world, 0), 1500);
    assert_int_equal(world_count(&world, 1), 1500);
    assert_int_equal(metric_value(&settler_metrics[SETTLER_NOTICES_SENT]), sent + 3000);
    world_live(&world, 5000);
    assert_int_equal(world_count(&world, 0), 1500);
    notices_world_end(&world);
}

static void without_the_topic_they_wait_and_are_sent_when_it_comes(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 2, false);
    process_start(&world, &world.processes[0]);
    world_live(&world, 2000);
    world_add(&world, 0, "a", world_clock_us(&world));
    world_add(&world, 0, "a", world_clock_us(&world));
    world_live(&world, 100000);
    assert_int_equal(metric_value(&settler_metrics[SETTLER_NOTICES_WAITING]), 2);
    assert_in_range(metric_value(&settler_metrics[SETTLER_NOTICES_WAITING_S]), 97, 100);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    world_live(&world, 70000);
    world_expect_numbers(&world, "0 1");
    assert_int_equal(metric_value(&settler_metrics[SETTLER_NOTICES_WAITING]), 0);
    assert_int_equal(metric_value(&settler_metrics[SETTLER_NOTICES_WAITING_S]), 0);
    notices_world_end(&world);
}

static void those_of_simulated_time_are_not_sent(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 3, true);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    process_start(&world, &world.processes[0]);
    world_add(&world, 0, "a", world_clock_us(&world));
    world_live(&world, 10000);
    assert_int_equal(world_count(&world, 0), 0);
    assert_false(world_all_sent(&world));
    notices_world_end(&world);
}

/* Messages that were appended and not acknowledged when it was killed are sent again. */
static void who_is_killed_before_it_knows_sends_again(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 4, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    process_start(&world, &world.processes[0]);
    world_live(&world, 2000);
    memory_log_delay(&world.processes[0].appends, 5000);
    world_add(&world, 0, "a", world_clock_us(&world));
    world_live(&world, 1000);
    world_expect_numbers(&world, "0");
    assert_false(world_all_sent(&world));
    process_kill(&world.processes[0], MEMORY_LANDS);
    process_start(&world, &world.processes[0]);
    world_live(&world, 2000);
    assert_true(world_all_sent(&world));
    world_expect_numbers(&world, "0 0");
    notices_world_end(&world);
}

static void a_delivery_that_failed_is_appended_again(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 5, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    process_start(&world, &world.processes[0]);
    world_add(&world, 0, "a", world_clock_us(&world));
    world_live(&world, 500);
    memory_log_lose_ack(&world.processes[0].appends, world.topics.notices);
    world_add(&world, 0, "a", world_clock_us(&world));
    world_add(&world, 0, "b", world_clock_us(&world));
    world_live(&world, 5000);
    assert_true(world_all_sent(&world));
    world_expect_whole(&world);
    assert_int_equal(memory_log_struck(world.log, MEMORY_ACK_LOST), 1);
    notices_world_end(&world);
}

static void who_lost_the_claim_sends_nothing_more(void **state)
{
    (void)state;
    struct world world;
    struct process *zombie = &world.processes[0];
    notices_world_begin(&world, 6, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    process_start(&world, zombie);
    world_live(&world, 2000);
    zombie->thaws_ms = memory_log_now(world.log) + 60000;
    zombie->knows = true;
    world_add(&world, 0, "a", world_clock_us(&world));
    world_add(&world, 0, "a", world_clock_us(&world));
    process_start(&world, &world.processes[1]);
    world_live(&world, 50000);
    world_expect_numbers(&world, "0 1");
    world_live(&world, 30000);
    assert_true(metric_value(&settler_metrics[SETTLER_PARTITIONS_LOST]) > 0);
    world_expect_numbers(&world, "0 1");
    notices_world_end(&world);
}

/* A settler that has appended a row of each partition, and no answer yet. */
static struct notices_topic *begin_unanswered(struct world *world)
{
    struct notices_topic *topic = &world->processes[0].settler.notices;
    notices_world_begin(world, 11, false);
    memory_log_topic(world->log, world->topics.notices, PARTITIONS);
    process_start(world, &world->processes[0]);
    world_add(world, 0, "a", world_clock_us(world));
    world_live(world, 2000);
    memory_log_away(world->log, 5000);
    world_add(world, 0, "a", world_clock_us(world));
    world_add(world, 1, "b", world_clock_us(world));
    world_live(world, 100);
    assert_int_equal(log_pending(topic->log).records, 2);
    return topic;
}

/* Its producer would send them behind what its successor sent. */
static void what_is_on_its_way_is_dropped_with_the_partition(void **state)
{
    (void)state;
    struct world world;
    struct notices_topic *topic = begin_unanswered(&world);
    notices_topic_drop(topic, 0);
    assert_null(topic->log);
    assert_false(topic->flights.at[1].going); /* the other's are appended again */
    notices_world_end(&world);
}

static void what_is_on_its_way_is_dropped_when_the_claim_is_lost(void **state)
{
    (void)state;
    struct world world;
    struct error error;
    struct notices_topic *topic = begin_unanswered(&world);
    struct process *process = &world.processes[0];
    partition_set(process->parts[0], PARTITION_LOST, "another settler claimed it");
    assert_int_equal(process->own_ops->turn(&process->settler.stage, process->parts[0], &error), ERROR_NONE);
    assert_null(topic->log);
    notices_world_end(&world);
}

static void who_is_not_answered_takes_back_what_it_appended(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 7, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    process_start(&world, &world.processes[0]);
    world_live(&world, 2000);
    memory_log_delay(&world.processes[0].appends, 60000);
    world_add(&world, 0, "a", world_clock_us(&world));
    world_live(&world, 9900);
    assert_non_null(world.processes[0].appends.handle);
    world_live(&world, 300);
    assert_null(world.processes[0].appends.handle);
    memory_log_delay(&world.processes[0].appends, 0);
    world_live(&world, 5000);
    assert_true(world_all_sent(&world));
    world_expect_numbers(&world, "0 0");
    notices_world_end(&world);
}

/* --- catching up --- */

static void old_rows_are_skipped_where_the_account_has_a_later_one(void **state)
{
    (void)state;
    struct world world;
    notices_world_begin(&world, 8, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    int64_t skipped = metric_value(&settler_metrics[SETTLER_NOTICES_SKIPPED]);
    int64_t now_us = world_clock_us(&world), old_us = now_us - 301 * (int64_t)SECOND_US;
    world_add(&world, 0, "a", old_us);
    world_add(&world, 0, "b", old_us); /* its latest */
    world_add(&world, 0, "a", old_us);
    world_add(&world, 0, "c", old_us);
    world_add(&world, 0, "a", now_us - 300 * (int64_t)SECOND_US); /* not old */
    world_add(&world, 0, "a", now_us);
    world_add(&world, 0, "c", now_us);
    process_start(&world, &world.processes[0]);
    world_live(&world, 5000);
    assert_true(world_all_sent(&world));
    world_expect_numbers(&world, "1 4 5 6");
    assert_int_equal(metric_value(&settler_metrics[SETTLER_NOTICES_SKIPPED]), skipped + 3);
    notices_world_end(&world);
}

/* Killed wherever it is, what it skips stays the same. */
static void who_is_killed_while_it_skips_skips_the_same(void **state)
{
    (void)state;
    for (uint64_t calls = 1; calls < 30; calls++) {
        struct world world;
        notices_world_begin(&world, 9, false);
        memory_log_topic(world.log, world.topics.notices, PARTITIONS);
        int64_t now_us = world_clock_us(&world), old_us = now_us - 1000 * (int64_t)SECOND_US;
        for (int i = 0; i < 2500; i++)
            world_add(&world, 0, world_accounts[i % 2], old_us);
        world_add(&world, 0, "a", now_us);
        process_start(&world, &world.processes[0]);
        memory_tables_fail(world.tables, calls, (enum memory_fault)(1 + calls % 3));
        world_live(&world, 20000);
        assert_true(world_all_sent(&world));
        struct came came;
        for (int64_t n = 0; world_look(&world, 0, n, &came); n++)
            assert_true(came.number >= 2499);
        assert_true(world_count(&world, 0) >= 2);
        notices_world_end(&world);
    }
}

/* A partition of a stage whose topic is there, so far behind with its frames. */
static uint32_t sent_with(int64_t lag, int64_t behind_s, uint32_t frames)
{
    struct world world;
    struct error error;
    notices_world_begin(&world, 10, false);
    memory_log_topic(world.log, world.topics.notices, PARTITIONS);
    world_add(&world, 0, "a", world_clock_us(&world) - behind_s * SECOND_US);
    process_start(&world, &world.processes[0]);
    struct settler *settler = &world.processes[0].settler;
    struct log *log =
        world.processes[0].config.opener.open(&world.processes[0].reads, &(struct log_client){0}, &error);
    struct store *store = settler->opener.open(settler->opener.context, &error);
    struct settler_part *part = settler_part_new(0);
    settler->stage.log = log;
    partition_set(&part->base, PARTITION_CLAIMING, NULL);
    assert_int_equal(settler_part_claim(part, store, &error), ERROR_NONE);
    part->base.lag = lag;
    part->count = frames;
    assert_int_equal(notices_topic_turn(&settler->notices, part, store, &error), ERROR_NONE);
    memory_log_pass(world.log, 100);
    uint32_t count = world_count(&world, 0);
    part->count = 0;
    settler_part_free(part);
    store_close(store);
    notices_topic_release(&settler->notices);
    log_close(log);
    notices_world_end(&world);
    return count;
}

static void who_is_behind_sends_nothing(void **state)
{
    (void)state;
    assert_int_equal(sent_with(-1, 301, 0), 0); /* it does not know yet */
    assert_int_equal(sent_with(1, 301, 0), 0);
    assert_int_equal(sent_with(0, 301, 1), 0);   /* a frame that it has read is not settled */
    assert_int_equal(sent_with(0, 86400, 0), 1); /* nobody has said anything since */
    assert_int_equal(sent_with(100, 299, 1), 1);
}

/* --- whatever befalls them --- */

static void befall(struct world *world)
{
    struct random *random = &world->random;
    struct process *process = &world->processes[random_below(random, PROCESSES)];
    int64_t now_ms = memory_log_now(world->log);
    enum memory_landing landing = (enum memory_landing)random_below(random, 3);
    switch (random_below(random, 8)) {
    case 0:
        process_kill(process, landing);
        process->begins_ms = now_ms + 1 + random_below(random, 3000);
        break;
    case 1:
        process->thaws_ms = now_ms + random_below(random, 8000);
        break;
    case 2:
        memory_log_lose_ack(&process->appends, world->topics.notices);
        break;
    case 3:
        if (process->appends.handle != NULL)
            memory_log_kill_after(&process->appends, 1 + random_below(random, 10), landing);
        break;
    case 4:
        memory_log_fill(&process->appends, 1 + random_below(random, 3));
        break;
    case 5:
        memory_log_delay(&process->appends, random_below(random, 2) * random_below(random, 12000));
        break;
    case 6:
        memory_log_away(world->log, random_below(random, 15000));
        break;
    default:
        memory_tables_fail(world->tables, 1 + random_below(random, 10),
                           (enum memory_fault)(1 + random_below(random, 3)));
    }
}

/* Two settlers that both take all partitions, again and again from each other. */
static void run_world(struct world *world)
{
    for (int p = 0; p < PROCESSES; p++)
        process_start(world, &world->processes[p]);
    for (int i = 0; i < 60; i++) {
        for (uint32_t n = random_below(&world->random, 6); n > 0; n--)
            world_add(world, random_below(&world->random, PARTITIONS),
                      world_accounts[random_below(&world->random, ACCOUNTS)], world_clock_us(world));
        if (random_below(&world->random, 3) == 0)
            befall(world);
        world_turns(world, random_below(&world->random, 40));
        memory_log_pass(world->log, random_below(&world->random, 300));
    }
    for (int p = 0; p < PROCESSES; p++)
        process_kill(&world->processes[p], MEMORY_SOME_LANDS);
    memset(world->processes, 0, sizeof world->processes);
    process_start(world, &world->processes[0]);
    for (int i = 0; i < 300 && !world_all_sent(world); i++)
        world_live(world, 1000);
}

static void none_is_missing_and_each_account_is_in_order_whatever_befalls(void **state)
{
    (void)state;
    uint64_t struck[MEMORY_LOG_FAULTS] = {0}, messages = 0, rows = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world world;
        notices_world_begin(&world, seed, false);
        memory_log_topic(world.log, world.topics.notices, PARTITIONS);
        run_world(&world);
        if (!world_all_sent(&world))
            fail_msg("seed %llu: not all are sent", (unsigned long long)seed);
        world_expect_whole(&world);
        for (int f = 0; f < MEMORY_LOG_FAULTS; f++)
            struck[f] += memory_log_struck(world.log, (enum memory_log_fault)f);
        messages += world_count(&world, 0) + world_count(&world, 1);
        rows += world.tables->rows.notices.count;
        notices_world_end(&world);
    }
    assert_true(struck[MEMORY_ACK_LOST] > 0 && struck[MEMORY_QUEUE_FULL] > 0 && struck[MEMORY_AWAY] > 0 &&
                struck[MEMORY_HANDLE_DIED] > 0);
    assert_true(messages > rows); /* some came twice */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sent_once_where_nothing_fails),
        cmocka_unit_test(without_the_topic_they_wait_and_are_sent_when_it_comes),
        cmocka_unit_test(those_of_simulated_time_are_not_sent),
        cmocka_unit_test(who_is_killed_before_it_knows_sends_again),
        cmocka_unit_test(a_delivery_that_failed_is_appended_again),
        cmocka_unit_test(who_lost_the_claim_sends_nothing_more),
        cmocka_unit_test(what_is_on_its_way_is_dropped_with_the_partition),
        cmocka_unit_test(what_is_on_its_way_is_dropped_when_the_claim_is_lost),
        cmocka_unit_test(who_is_not_answered_takes_back_what_it_appended),
        cmocka_unit_test(old_rows_are_skipped_where_the_account_has_a_later_one),
        cmocka_unit_test(who_is_killed_while_it_skips_skips_the_same),
        cmocka_unit_test(who_is_behind_sends_nothing),
        cmocka_unit_test(none_is_missing_and_each_account_is_in_order_whatever_befalls),
    };
    journal_init("test", false, JOURNAL_LEVEL_ERROR + 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
