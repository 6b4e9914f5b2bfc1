/* The register of control messages on a log in memory, decided by real folds: one order in all partitions,
 * whatever comes at once and whoever dies where. */
#include <stdio.h>

#include "aggregator/core/fold.h"
#include "cli/control_register.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "lib/port/memory_log.h"
#include "tests/support/test.h"

enum { PARTITIONS = 3, TICK_S = 5, TIMEOUT_MS = 5000, KILLS_MAX = 400 };

#define BEGIN_S INT64_C(1793527200) /* 2026-11-01T10:00:00Z */
#define HOUR(n) (BEGIN_S + (n) * (int64_t)HOUR_S)

static const char first_text[] =
    "currency: USD\nproducts:\n  node: {settle: hourly, skus: {n: {payg: {price: \"1\", "
    "per: hour}}}}\n";
static char texts[10][sizeof first_text]; /* by their price's digit */

/* What a partition's frames showed. */
struct fact_shown {
    int64_t from_s;
    char digit; /* of its price */
};

static struct world {
    struct memory_log *log;
    struct topics topics;
    bool aggregates;
    int64_t clock_s;
    struct fold *folds[PARTITIONS];
    VEC(struct fact_shown) shown[PARTITIONS];
    struct frame_writer writer;
    int64_t written; /* messages so far: each has another clock */
    int calls_left;  /* of the writer that works, until it is told to stop; -1: never */
} world;

static char digit_of(struct str text)
{
    const char *price = memmem(text.at, text.size, "price: \"", 8);
    assert_non_null(price);
    return price[8];
}

/* --- the aggregator of all partitions --- */

static void say(uint32_t p)
{
    const struct frame *frame;
    fold_close_epoch(world.folds[p]);
    while ((frame = fold_next_frame(world.folds[p])) != NULL) {
        struct packer bytes = {0};
        uint8_t hash[FRAME_HASH_SIZE];
        for (uint32_t i = 0; i < frame->fact_count; i++)
            if (frame->facts[i].control != CONTROL_NONE)
                vec_push(&world.shown[p], (struct fact_shown){frame->facts[i].catalog.from_s,
                                                              digit_of(frame->facts[i].catalog.text)});
        frame_encode(&world.writer, frame, &bytes, hash);
        fold_hashed(world.folds[p], hash);
        memory_log_put(world.log, &(struct log_record){.topic = world.topics.frames,
                                                       .partition = p,
                                                       .value = {bytes.bytes.at, bytes.bytes.count}});
        vec_release(&bytes.bytes);
    }
}

static void tick(uint32_t p)
{
    struct packer bytes = {0};
    struct message message = {.clock_us = world.clock_s * SECOND_US, .feed = STR("http")};
    usage_encode(&message, &bytes);
    memory_log_put(world.log, &(struct log_record){.topic = world.topics.records,
                                                   .partition = p,
                                                   .value = {bytes.bytes.at, bytes.bytes.count},
                                                   .timestamp_ms = world.clock_s * 1000});
    vec_release(&bytes.bytes);
}

static void aggregate(uint32_t p)
{
    struct log_message from;
    struct usage_records records = {0};
    for (;;) {
        struct message message;
        struct log_position at = {world.topics.records, p, fold_next_offset(world.folds[p])};
        if (!memory_log_look(world.log, &at, &from))
            break;
        CHECK(usage_decode(from.value, &records, &message) == DECODE_OK);
        message.offset = from.offset;
        message.append_us = from.timestamp_ms * 1000;
        enum fold_outcome outcome = fold_apply(world.folds[p], &message);
        CHECK(outcome == FOLD_EPOCH_OPEN || outcome == FOLD_EPOCH_DUE);
        if (outcome == FOLD_EPOCH_DUE)
            say(p);
    }
    usage_records_release(&records);
}

static void work(void)
{
    world.clock_s += TICK_S;
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        tick(p);
        aggregate(p);
    }
}

/* --- writers --- */

static int64_t host_now(struct host *host)
{
    (void)host;
    return memory_log_now(world.log);
}

static bool host_stopping(struct host *host)
{
    (void)host;
    if (world.calls_left > 0)
        world.calls_left--;
    return world.calls_left == 0;
}

static void host_alive(struct host *host)
{
    (void)host;
    memory_log_pass(world.log, 10);
    if (world.aggregates)
        work();
}

static struct host host = {.now_ms = host_now, .stopping = host_stopping, .alive = host_alive};

struct writer {
    struct memory_member member;
    struct control_register of;
};

static void open_writer(struct writer *writer)
{
    struct error error;
    *writer = (struct writer){.member = {.log = world.log}};
    struct log_opener opener = memory_log_opener(&writer->member);
    static const struct log_client client;
    writer->of = (struct control_register){.log = opener.open(opener.context, &client, &error),
                                           .host = &host,
                                           .topics = &world.topics,
                                           .limit_ms = TIMEOUT_MS};
    assert_non_null(writer->of.log);
}

static void close_writer(struct writer *writer)
{
    control_register_release(&writer->of);
    log_close(writer->of.log);
}

static void read_register(struct writer *writer)
{
    struct error error;
    assert_int_equal(control_register_read(&writer->of, false, &error), ERROR_NONE);
}

static enum error_class append(struct writer *writer, int64_t from_s, int digit,
                               struct register_decision *decision)
{
    struct error error;
    char by[] = {'w', (char)('0' + digit), 0};
    struct catalog_text catalog = {from_s, str_of(texts[digit])};
    struct control_origin origin = {.by = str_of(by), .clock_us = ++world.written};
    return control_register_append(&writer->of, &catalog, &origin, TIMEOUT_MS, decision, &error);
}

static enum error_class spread(struct writer *writer, uint32_t *copied)
{
    struct error error;
    bool shown[PARTITIONS] = {0};
    enum error_class class = control_register_copy(&writer->of, copied, &error);
    if (class == ERROR_NONE)
        class =
            control_register_hold(&writer->of, control_register_last(&writer->of), TIMEOUT_MS, shown, &error);
    return class;
}

/* As `catalog apply` does it. */
static enum error_class apply(struct writer *writer, int64_t from_s, int digit,
                              enum register_verdict *verdict)
{
    struct register_decision decision = {.verdict = REGISTER_TAKEN};
    struct error error;
    uint32_t copied;
    enum error_class class = control_register_read(&writer->of, false, &error);
    struct register_entry *there = class == ERROR_NONE ? control_register_find(&writer->of, from_s) : NULL;
    if (class == ERROR_NONE && (there == NULL || digit_of(there->message.catalog.text) != '0' + digit))
        class = append(writer, from_s, digit, &decision);
    *verdict = decision.verdict;
    if (class == ERROR_NONE && *verdict == REGISTER_LOST)
        class = control_register_read(&writer->of, false, &error);
    return class == ERROR_NONE && *verdict != REGISTER_OPEN ? spread(writer, &copied) : class;
}

static enum register_verdict apply_anew(int64_t from_s, int digit)
{
    struct writer writer;
    enum register_verdict verdict;
    open_writer(&writer);
    assert_int_equal(apply(&writer, from_s, digit, &verdict), ERROR_NONE);
    close_writer(&writer);
    return verdict;
}

/* --- the world --- */

static void begin_index(void)
{
    struct packer bytes = {0};
    struct writer writer;
    struct error error;
    struct message init = {.control = CONTROL_INIT,
                           .origin.by = STR("tester"),
                           .feed = STR(""),
                           .rules = rules_of(1, INT64_MAX, INT64_MAX),
                           .catalog = {INT64_MIN, STR(first_text)}};
    usage_encode(&init, &bytes);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        memory_log_put(world.log, &(struct log_record){.topic = world.topics.records,
                                                       .partition = p,
                                                       .value = {bytes.bytes.at, bytes.bytes.count}});
    open_writer(&writer);
    assert_int_equal(
        control_register_begin(&writer.of, (struct str){bytes.bytes.at, bytes.bytes.count}, &error),
        ERROR_NONE);
    close_writer(&writer);
    vec_release(&bytes.bytes);
}

static void begin_world(bool indexed)
{
    world = (struct world){.log = memory_log_new(&(struct memory_log_config){.seed = 1, .latency_ms = 3}),
                           .topics = topics_of(""),
                           .clock_s = BEGIN_S,
                           .calls_left = -1};
    for (int digit = 0; digit < 10; digit++) {
        memcpy(texts[digit], first_text, sizeof first_text);
        *(char *)memchr(texts[digit], '1', sizeof first_text) = (char)('0' + digit);
    }
    memory_log_topic(world.log, world.topics.records, PARTITIONS);
    memory_log_topic(world.log, world.topics.frames, PARTITIONS);
    if (indexed)
        memory_log_topic(world.log, world.topics.index, 1);
    begin_index();
    for (uint32_t p = 0; p < PARTITIONS; p++)
        world.folds[p] = fold_new(p);
    world.aggregates = true;
    work();
}

static void end_world(void)
{
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        fold_free(world.folds[p]);
        vec_release(&world.shown[p]);
    }
    frame_writer_release(&world.writer);
    memory_log_free(world.log);
}

static void settle_world(void)
{
    memory_log_pass(world.log, 1000);
    for (int i = 0; i < 3; i++)
        work();
}

/* All partitions showed the same, in order: the first catalog, then these digits. */
static void check_all_show(const char *digits)
{
    settle_world();
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        assert_int_equal(world.shown[p].count, 1 + strlen(digits));
        for (uint32_t i = 1; i < world.shown[p].count; i++)
            assert_int_equal(world.shown[p].at[i].digit, digits[i - 1]);
    }
}

static void check_all_agree(void)
{
    settle_world();
    for (uint32_t p = 1; p < PARTITIONS; p++) {
        assert_int_equal(world.shown[p].count, world.shown[0].count);
        for (uint32_t i = 0; i < world.shown[p].count; i++) {
            assert_int_equal(world.shown[p].at[i].digit, world.shown[0].at[i].digit);
            assert_int_equal(world.shown[p].at[i].from_s, world.shown[0].at[i].from_s);
        }
    }
}

/* --- the facts --- */

static void what_partition_0_takes_stands_in_all_partitions(void **state)
{
    (void)state;
    begin_world(true);
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_TAKEN);
    assert_int_equal(apply_anew(HOUR(11), 3), REGISTER_TAKEN);
    check_all_show("23");
    end_world();
}

static void of_two_at_once_one_is_taken_and_the_other_changes_nothing(void **state)
{
    (void)state;
    struct writer one, other;
    struct register_decision decision;
    uint32_t copied;
    begin_world(true);
    open_writer(&one), open_writer(&other);
    read_register(&one), read_register(&other);
    assert_int_equal(append(&one, HOUR(10), 2, &decision), ERROR_NONE);
    assert_int_equal(decision.verdict, REGISTER_TAKEN);
    assert_int_equal(append(&other, HOUR(10), 3, &decision), ERROR_NONE);
    assert_int_equal(decision.verdict, REGISTER_LOST);
    assert_string_not_equal(decision.why, "");
    assert_int_equal(spread(&one, &copied), ERROR_NONE);
    check_all_show("2");
    close_writer(&one), close_writer(&other);
    end_world();
}

/* Announced and appended; nobody has said what became of it when the next one has read the register. */
static enum register_verdict append_behind_an_open_one(int digit)
{
    struct writer next;
    struct register_decision decision;
    world.aggregates = false;
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_OPEN);
    open_writer(&next);
    read_register(&next);
    world.aggregates = true;
    assert_int_equal(append(&next, HOUR(10), digit, &decision), ERROR_NONE);
    close_writer(&next);
    if (decision.verdict == REGISTER_LOST)
        assert_string_equal(decision.why, "another catalog came before it");
    return decision.verdict;
}

static void one_that_was_left_open_comes_before_the_next(void **state)
{
    (void)state;
    begin_world(true);
    assert_int_equal(append_behind_an_open_one(3), REGISTER_LOST);
    assert_int_equal(apply_anew(HOUR(10), 3), REGISTER_TAKEN);
    check_all_show("23");
    end_world();
}

static void who_brings_the_same_as_one_left_open_takes_it_up(void **state)
{
    (void)state;
    begin_world(true);
    assert_int_equal(append_behind_an_open_one(2), REGISTER_TAKEN);
    assert_int_equal(apply_anew(HOUR(11), 3), REGISTER_TAKEN);
    check_all_show("23");
    end_world();
}

static void what_comes_too_late_is_lost_in_partition_0s_words(void **state)
{
    (void)state;
    struct writer writer;
    struct register_decision decision;
    begin_world(true);
    open_writer(&writer);
    read_register(&writer);
    assert_int_equal(append(&writer, HOUR(1), 2, &decision), ERROR_NONE);
    assert_int_equal(decision.verdict, REGISTER_LOST);
    assert_non_null(strstr(decision.why, "two hours ahead"));
    check_all_show("");
    close_writer(&writer);
    end_world();
}

static void without_an_aggregator_it_stays_open_and_is_taken_up_again(void **state)
{
    (void)state;
    begin_world(true);
    world.aggregates = false;
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_OPEN);
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_OPEN);
    world.aggregates = true;
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_TAKEN);
    check_all_show("2");
    end_world();
}

static void what_stands_everywhere_is_not_copied_again(void **state)
{
    (void)state;
    struct writer writer;
    uint32_t copied;
    begin_world(true);
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_TAKEN);
    open_writer(&writer);
    read_register(&writer);
    assert_int_equal(spread(&writer, &copied), ERROR_NONE);
    assert_int_equal(copied, 0);
    assert_true(control_register_last(&writer.of)->held);
    close_writer(&writer);
    end_world();
}

/* One dies at its n-th look at the host, with what is on its way lost or not; then another comes, with the
 * same catalog or with its own. */
static bool kill_one(int calls, bool lands, int digit_after)
{
    struct writer victim;
    enum register_verdict verdict;
    begin_world(true);
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_TAKEN);
    open_writer(&victim);
    world.calls_left = calls;
    bool died = apply(&victim, HOUR(11), 3, &verdict) != ERROR_NONE;
    memory_log_kill(&victim.member, lands);
    close_writer(&victim);
    world.calls_left = -1;
    settle_world();
    verdict = apply_anew(HOUR(11), digit_after);
    if (verdict == REGISTER_LOST)
        verdict = apply_anew(HOUR(11), digit_after);
    assert_int_equal(verdict, REGISTER_TAKEN);
    check_all_agree();
    assert_int_equal(world.shown[0].at[world.shown[0].count - 1].digit, '0' + digit_after);
    end_world();
    return died;
}

static void killed_anywhere_the_next_one_finishes_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        int calls = 1;
        while (kill_one(calls, kind % 2 == 0, kind < 2 ? 3 : 4))
            calls++;
        assert_in_range(calls, 10, KILLS_MAX);
    }
}

static void without_an_index_all_frames_are_read(void **state)
{
    (void)state;
    struct writer writer;
    begin_world(false);
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_TAKEN);
    assert_int_equal(apply_anew(HOUR(11), 3), REGISTER_TAKEN);
    check_all_show("23");
    open_writer(&writer);
    read_register(&writer);
    assert_int_equal(writer.of.order.count, 3);
    close_writer(&writer);
    end_world();
}

/* Of a log that was made anew under the same names: hashes lead nowhere. */
static void an_index_of_another_log_is_not_believed(void **state)
{
    (void)state;
    struct writer writer;
    struct packer bytes = {0};
    begin_world(false);
    memory_log_topic(world.log, world.topics.index, 1);
    struct message stranger = {.control = CONTROL_CATALOG,
                               .origin.by = STR("x"),
                               .feed = STR(""),
                               .catalog = {HOUR(10), str_of(texts[9])}};
    usage_encode(&stranger, &bytes);
    memory_log_put(world.log, &(struct log_record){.topic = world.topics.index,
                                                   .key = STR("taken"),
                                                   .value = {bytes.bytes.at, bytes.bytes.count}});
    open_writer(&writer);
    read_register(&writer);
    assert_int_equal(writer.of.order.count, 1);
    close_writer(&writer);
    assert_int_equal(apply_anew(HOUR(10), 2), REGISTER_TAKEN);
    check_all_show("2");
    vec_release(&bytes.bytes);
    end_world();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_partition_0_takes_stands_in_all_partitions),
        cmocka_unit_test(of_two_at_once_one_is_taken_and_the_other_changes_nothing),
        cmocka_unit_test(one_that_was_left_open_comes_before_the_next),
        cmocka_unit_test(who_brings_the_same_as_one_left_open_takes_it_up),
        cmocka_unit_test(what_comes_too_late_is_lost_in_partition_0s_words),
        cmocka_unit_test(without_an_aggregator_it_stays_open_and_is_taken_up_again),
        cmocka_unit_test(what_stands_everywhere_is_not_copied_again),
        cmocka_unit_test(killed_anywhere_the_next_one_finishes_it),
        cmocka_unit_test(without_an_index_all_frames_are_read),
        cmocka_unit_test(an_index_of_another_log_is_not_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
