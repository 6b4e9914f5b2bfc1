/* The settler as the worker runs it. It copies usage.rejects into its table beside the frames: each message
 * once, and whatever fails there, frames are settled as if it did not. It settles no log but its tables'. */
#include <stdio.h>
#include <sysexits.h>

#include "lib/codec/frame.h"
#include "lib/codec/topics.h"
#include "settler/counters.h"
#include "settler/reject_copy.h"
#include "settler/settler.h"
#include "settler/store/memory_store.h"
#include "settler/store/port.h"
#include "tests/support/frames.h"
#include "tests/support/memory_host.h"
#include "tests/support/test.h"

enum { PARTITIONS = 2, SAID = 60, DIGEST = 7 };

struct fixture {
    struct topics topics;
    struct memory_log *log;
    struct memory_member member;
    struct memory_host host;
    struct memory_tables *tables;
    struct settler settler;
    struct worker_config config;
    struct worker *worker;
    uint32_t frames; /* of partition 0, that stand in the log */
    uint8_t last_hash[FRAME_HASH_SIZE];
    struct frame_log said;
    bool ready;
    uint32_t restarts;
    bool ended;
    int status;
    uint32_t not_ready; /* how often it was shown so */
    enum partition_state states[PARTITIONS];
};

/* --- a store that refuses the rows --- */

static const struct store_ops *own_ops;
static struct store_ops refusing_ops;
static struct memory_tables *refused_tables;
static bool refuses;

static enum error_class write_rejects(struct store *store, uint32_t partition,
                                      const struct store_reject *rows, uint32_t count, struct error *error)
{
    if (refuses)
        return error_set(error, ERROR_RETRY, "rejected", "permission denied");
    return own_ops->write_rejects(store, partition, rows, count, error);
}

static struct store *open_store(void *context, struct error *error)
{
    (void)context;
    const struct store_opener opener = memory_store_opener(refused_tables);
    struct store *store = opener.open(opener.context, error);
    if (store == NULL)
        return NULL;
    own_ops = store->ops;
    refusing_ops = *own_ops;
    refusing_ops.write_rejects = write_rejects;
    store->ops = &refusing_ops;
    return store;
}

/* --- the fixture --- */

/* What a frame in the log must have and one in memory need not. */
static void complete(struct frame_log *said)
{
    for (uint32_t i = 0; i < said->frames.count; i++)
        for (uint32_t j = 0; j < said->frames.at[i].fact_count; j++) {
            struct fact *fact = (struct fact *)(uintptr_t)&said->frames.at[i].facts[j];
            if (fact->control != CONTROL_INIT)
                continue;
            fact->rules = rules_of(1, INT64_MAX, INT64_MAX);
            memset(fact->origin.hash, DIGEST, sizeof fact->origin.hash);
        }
}

static void show(void *context, const struct worker_view *view)
{
    struct fixture *f = context;
    f->ready = view->ready;
    f->not_ready += !view->ready;
    f->restarts = view->restarts;
    for (uint32_t i = 0; i < view->count; i++)
        f->states[view->shown[i].number] = view->shown[i].state;
}

static void put_manifest(struct fixture *f, uint8_t digest)
{
    struct packer bytes = {0};
    struct generation generation = {.partitions = PARTITIONS, .rules_number = 1};
    memset(generation.init_digest, digest, sizeof generation.init_digest);
    generation_encode(&generation, &bytes);
    memory_log_put(f->log, &(struct log_record){.topic = f->topics.snapshots,
                                                .key = STR("generation"),
                                                .value = {bytes.bytes.at, bytes.bytes.count}});
    vec_release(&bytes.bytes);
}

static void make_log(struct fixture *f, uint8_t digest)
{
    f->log = memory_log_new(&(struct memory_log_config){.seed = 5, .now_ms = 100000});
    f->member = (struct memory_member){.log = f->log, .group = "g", .topic = f->topics.frames, .name = "one"};
    memory_host_init(&f->host, f->log);
    memory_log_topic(f->log, f->topics.frames, PARTITIONS);
    memory_log_topic(f->log, f->topics.snapshots, PARTITIONS);
    put_manifest(f, digest);
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->topics = topics_of("");
    make_log(f, DIGEST);
    frame_log_make(&f->said, 1, SAID);
    frame_log_cut(&f->said, 3, 2);
    complete(&f->said);
    f->tables = refused_tables = memory_tables_new();
    refuses = false;
    f->member = (struct memory_member){.log = f->log, .group = "g", .topic = f->topics.frames, .name = "one"};
    memory_host_init(&f->host, f->log);
    settler_init(&f->settler, &f->topics, (struct store_opener){open_store, NULL});
    f->config = (struct worker_config){.stage = &f->settler.stage,
                                       .opener = memory_log_opener(&f->member),
                                       .host = &f->host.host,
                                       .topic = f->topics.frames,
                                       .partitions = "all",
                                       .show = show,
                                       .show_context = f};
    f->worker = worker_new(&f->config);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    worker_free(f->worker);
    memory_log_free(f->log);
    memory_tables_free(f->tables);
    frame_log_release(&f->said);
    free(f);
    return 0;
}

static void live(struct fixture *f, int64_t ms)
{
    int64_t end_ms = memory_log_now(f->log) + ms;
    while (memory_log_now(f->log) < end_ms && !f->ended) {
        memory_log_pass(f->log, 1);
        f->ended = !worker_turn(f->worker, &f->status);
    }
}

static void put_frames(struct fixture *f, uint32_t count)
{
    struct frame_writer writer = {0};
    struct packer bytes = {0};
    for (; count > 0; count--, f->frames++) {
        assert_true(f->frames < f->said.frames.count);
        struct frame frame = f->said.frames.at[f->frames];
        memcpy(frame.prev_hash, f->last_hash, sizeof frame.prev_hash);
        vec_clear(&bytes.bytes);
        frame_encode(&writer, &frame, &bytes, f->last_hash);
        memory_log_put(f->log, &(struct log_record){.topic = f->topics.frames,
                                                    .value = {bytes.bytes.at, bytes.bytes.count}});
    }
    frame_writer_release(&writer);
    vec_release(&bytes.bytes);
}

static void put_rejects(struct fixture *f, uint32_t partition, uint32_t count)
{
    struct packer bytes = {0};
    for (uint32_t i = 0; i < count; i++) {
        vec_clear(&bytes.bytes);
        reject_encode(&(struct reject){.reason = STR("time: late"),
                                       .feed = STR("http"),
                                       .sender = STR("10.0.0.9"),
                                       .origin = STR("3"),
                                       .account = STR("a"),
                                       .type = STR("t"),
                                       .source = STR("/s"),
                                       .id = STR("i"),
                                       .clock_us = 77,
                                       .bytes = STR("{}")},
                      &bytes);
        memory_log_put(f->log, &(struct log_record){.topic = f->topics.rejects,
                                                    .partition = partition,
                                                    .value = {bytes.bytes.at, bytes.bytes.count}});
    }
    vec_release(&bytes.bytes);
}

/* Copied rejects whose rows begin so. */
static uint32_t copied(const struct fixture *f, const char *begins)
{
    struct packer text = {0};
    uint32_t count = 0;
    memory_tables_print(f->tables, &text);
    pack_raw(&text, "", 1);
    for (const char *at = text.bytes.at; (at = strstr(at, begins)) != NULL; at++)
        count++;
    vec_release(&text.bytes);
    return count;
}

#define ALL "rejected usage.rejects "

/* How many frames are settled: as the claim of partition 0 says. */
static uint64_t settled(const struct fixture *f)
{
    struct store_opener opener = memory_store_opener(f->tables);
    struct error error;
    struct store *store = opener.open(opener.context, &error);
    struct memory_tables *copy = memory_tables_copy(f->tables);
    struct claim claim = {0};
    store_close(store);
    opener = memory_store_opener(copy);
    store = opener.open(opener.context, &error);
    assert_int_equal(store_claim(store, 0, &claim, &error), STORE_OK);
    uint64_t seq = claim.next_seq;
    store_claim_release(&claim);
    store_close(store);
    memory_tables_free(copy);
    return seq;
}

static void begin_well(struct fixture *f)
{
    memory_log_topic(f->log, f->topics.rejects, PARTITIONS);
    live(f, 5000);
    assert_true(f->ready);
}

/* --- tests --- */

static void what_was_refused_is_copied_once_with_who_sent_it(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    put_rejects(f, 0, 1200);
    put_rejects(f, 1, 3);
    put_frames(f, 5);
    live(f, 10000);
    assert_int_equal(copied(f, ALL), 1203);
    assert_int_equal(copied(f, ALL "1 2 77"), 1);
    assert_int_equal(copied(f, "10.0.0.9"), 1203);
    assert_int_equal(settled(f), 5);
    live(f, 10000);
    assert_int_equal(copied(f, ALL), 1203);
}

static void what_is_no_reject_is_skipped_and_the_next_copied(void **state)
{
    struct fixture *f = *state;
    int64_t skipped = metric_value(&settler_metrics[SETTLER_REJECTS_SKIPPED]);
    begin_well(f);
    memory_log_put(f->log, &(struct log_record){.topic = f->topics.rejects, .value = STR("garbage")});
    put_rejects(f, 0, 1);
    live(f, 5000);
    assert_int_equal(copied(f, ALL "0 1 "), 1);
    assert_int_equal(metric_value(&settler_metrics[SETTLER_REJECTS_SKIPPED]), skipped + 1);
}

static void few_that_come_wait_for_others_for_a_second(void **state)
{
    (void)state;
    struct reject_copy copy = {0};
    reject_copy_begin(&copy, 7);
    assert_false(reject_copy_due(&copy, 1000));
    assert_false(reject_copy_take(&copy, &(struct log_message){.offset = 7, .value = STR("x")}, 1000));
    assert_false(reject_copy_due(&copy, 1999));
    assert_true(reject_copy_due(&copy, 2000));
    assert_int_equal(copy.next, 8);
    reject_copy_end(&copy);
    assert_int_equal(copy.next, 7);
    reject_copy_release(&copy);
}

static void without_the_topic_frames_are_settled_and_when_it_comes_it_is_copied(void **state)
{
    struct fixture *f = *state;
    live(f, 1000);
    assert_true(f->ready);
    f->not_ready = 0;
    put_frames(f, 5);
    live(f, 300000);
    assert_int_equal(settled(f), 5);
    memory_log_topic(f->log, f->topics.rejects, PARTITIONS);
    put_rejects(f, 1, 4);
    live(f, 70000);
    assert_int_equal(copied(f, ALL), 4);
    assert_int_equal(f->restarts, 0);
    assert_int_equal(f->not_ready, 0);
}

static void records_that_were_deleted_are_skipped_to_what_is_there(void **state)
{
    struct fixture *f = *state;
    memory_log_topic(f->log, f->topics.rejects, PARTITIONS);
    put_rejects(f, 0, 30);
    memory_log_delete_below(f->log, &(struct log_position){f->topics.rejects, 0, 20});
    put_frames(f, 5);
    live(f, 10000);
    assert_int_equal(copied(f, ALL), 10);
    assert_int_equal(copied(f, ALL "0 20 "), 1);
    assert_int_equal(settled(f), 5);
    assert_true(f->ready);
    assert_int_equal(f->states[0], PARTITION_WORKING);
}

static void a_topic_that_ends_before_the_position_is_waited_for(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    put_rejects(f, 0, 30);
    live(f, 5000);
    worker_free(f->worker);
    memory_log_lose_tail(f->log, &(struct log_position){f->topics.rejects, 0, 10});
    f->worker = worker_new(&f->config);
    live(f, 3000);
    f->not_ready = 0;
    put_frames(f, 5);
    put_rejects(f, 1, 1);
    live(f, 200000);
    assert_int_equal(settled(f), 5);
    assert_int_equal(f->not_ready, 0);
    assert_int_equal(copied(f, ALL), 31);
    put_rejects(f, 0, 25);
    live(f, 70000);
    assert_int_equal(copied(f, ALL), 36);
}

static void rows_that_are_refused_are_tried_again_and_frames_go_on(void **state)
{
    struct fixture *f = *state;
    begin_well(f);
    f->not_ready = 0;
    refuses = true;
    put_rejects(f, 0, 10);
    live(f, 10000);
    put_frames(f, 5);
    live(f, 200000);
    assert_int_equal(settled(f), 5);
    assert_int_equal(copied(f, ALL), 0);
    refuses = false;
    live(f, 70000);
    assert_int_equal(copied(f, ALL), 10);
    assert_int_equal(f->not_ready, 0);
    assert_int_equal(f->restarts, 0);
}

/* Where it reads usage.rejects on, with so many frames before it. */
static int64_t reads_from(struct fixture *f, struct partition *partition, int64_t lag)
{
    struct stage *stage = &f->settler.stage;
    struct error error;
    partition->lag = lag;
    assert_int_equal(stage->ops->turn(stage, partition, &error), ERROR_NONE);
    return stage->ops->beside(stage, partition);
}

/* A partition that works, of a stage whose topic is there. */
static struct partition *working(struct fixture *f)
{
    struct stage *stage = &f->settler.stage;
    stage->host = &f->host.host;
    f->settler.rejects.partitions = PARTITIONS;
    f->settler.store = open_store(NULL, NULL);
    struct partition *partition = stage->ops->make(stage, 0);
    partition_set(partition, PARTITION_CLAIMING, NULL);
    partition_set(partition, PARTITION_WORKING, NULL);
    return partition;
}

static void unmake_working(struct fixture *f, struct partition *partition)
{
    struct stage *stage = &f->settler.stage;
    stage->ops->free(stage, partition);
    stage->ops->close(stage);
}

static void who_is_behind_with_its_frames_does_not_copy(void **state)
{
    struct fixture *f = *state;
    struct partition *partition = working(f);
    assert_int_equal(reads_from(f, partition, -1), -1);
    assert_int_equal(reads_from(f, partition, 9), -1);
    assert_int_equal(reads_from(f, partition, 8), 0);
    assert_int_equal(reads_from(f, partition, 64), 0);
    partition->reread = false;
    assert_int_equal(reads_from(f, partition, 65), -1);
    assert_true(partition->reread); /* what is not taken is not fetched */
    assert_int_equal(reads_from(f, partition, 64), -1);
    unmake_working(f, partition);
}

static void an_error_of_the_topic_is_a_pause_of_that_partitions_copying(void **state)
{
    struct fixture *f = *state;
    struct stage *stage = &f->settler.stage;
    struct error error;
    const struct log_message of_it = {.topic = f->topics.rejects};
    struct partition *partition = working(f);
    assert_int_equal(reads_from(f, partition, 0), 0);
    error_set(&error, ERROR_ABORT, of_it.topic, "not authorized");
    assert_int_equal(stage->ops->take_beside(stage, partition, LOG_GOT_ERROR, &of_it, &error), ERROR_NONE);
    assert_int_equal(partition->state, PARTITION_WORKING);
    f->settler.rejects.partitions = PARTITIONS; /* it is there, all the same */
    assert_int_equal(reads_from(f, partition, 0), -1);
    memory_log_pass(f->log, 2000);
    assert_int_equal(reads_from(f, partition, 0), 0);
    unmake_working(f, partition);
}

static void who_lost_the_claim_copies_no_more_until_it_has_it_again(void **state)
{
    struct fixture *f = *state;
    struct store_opener opener = memory_store_opener(f->tables);
    struct claim other = {0};
    struct error error;
    begin_well(f);
    struct store *store = opener.open(opener.context, &error);
    assert_int_equal(store_claim(store, 0, &other, &error), STORE_OK);
    int64_t lost = metric_value(&settler_metrics[SETTLER_PARTITIONS_LOST]);
    const struct store_reject row = {.offset = 3, .reason = STR("r")};
    put_rejects(f, 0, 10);
    live(f, 500);
    assert_int_equal(store_copy_rejects(store, &other, &row, 1, 4, &error), STORE_OK);
    live(f, 1000);
    assert_int_equal(metric_value(&settler_metrics[SETTLER_PARTITIONS_LOST]), lost + 1);
    assert_int_equal(copied(f, ALL), 1);
    live(f, 10000);
    assert_int_equal(copied(f, ALL), 1 + 10 - 4);
    store_claim_release(&other);
    store_close(store);
}

/* Killed at any call that it makes of the log, and at any statement: none twice, none missing. */
static void none_is_missing_and_none_there_twice_wherever_it_is_killed(void **state)
{
    struct fixture *f = *state;
    uint32_t expected = 0;
    begin_well(f);
    for (uint32_t n = 1; n <= 60; n++) {
        put_rejects(f, n % PARTITIONS, n % 7 == 0 ? REJECT_COPY_ROWS + 5 : 5);
        expected += n % 7 == 0 ? REJECT_COPY_ROWS + 5 : 5;
        if (n % 12 == 0)
            put_frames(f, 1);
        if (n % 2 == 0)
            memory_log_kill_after(&f->member, n, MEMORY_LANDS);
        else
            memory_tables_fail(f->tables, n / 2 + 1, MEMORY_FAULT_REPLY_LOST);
        live(f, 40000);
        assert_int_equal(copied(f, ALL), expected);
    }
    assert_int_equal(settled(f), 5);
    assert_true(f->restarts >= 40);
}

/* --- whose log it is --- */

static void read_log_of(struct fixture *f, uint8_t digest, uint32_t first_frame)
{
    worker_free(f->worker);
    memory_log_free(f->log);
    make_log(f, digest);
    f->frames = first_frame;
    put_frames(f, 5);
    f->worker = worker_new(&f->config);
    live(f, 20000);
}

static void a_log_made_anew_ends_it_whichever_frames_it_has(void **state)
{
    struct fixture *f = *state;
    put_frames(f, 5);
    live(f, 5000);
    assert_int_equal(settled(f), 5);
    for (uint32_t first = 0; first <= 10; first += 5) {
        read_log_of(f, DIGEST + 1, first);
        assert_true(f->ended);
        assert_int_equal(f->status, EX_CONFIG);
        assert_int_equal(settled(f), 5);
        f->ended = false;
    }
    read_log_of(f, DIGEST, 0);
    assert_false(f->ended);
    assert_true(f->ready);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_refused_is_copied_once_with_who_sent_it),
        TEST(what_is_no_reject_is_skipped_and_the_next_copied),
        cmocka_unit_test(few_that_come_wait_for_others_for_a_second),
        TEST(without_the_topic_frames_are_settled_and_when_it_comes_it_is_copied),
        TEST(records_that_were_deleted_are_skipped_to_what_is_there),
        TEST(a_topic_that_ends_before_the_position_is_waited_for),
        TEST(rows_that_are_refused_are_tried_again_and_frames_go_on),
        TEST(who_is_behind_with_its_frames_does_not_copy),
        TEST(an_error_of_the_topic_is_a_pause_of_that_partitions_copying),
        TEST(who_lost_the_claim_copies_no_more_until_it_has_it_again),
        TEST(none_is_missing_and_none_there_twice_wherever_it_is_killed),
        TEST(a_log_made_anew_ends_it_whichever_frames_it_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
