/* The settler's store over tables in memory: the tables are a function of the frames, whatever befalls the
 * calls between. */
#include <stdio.h>

#include "settler/core/charge.h"
#include "settler/core/settle.h"
#include "settler/store/memory_own.h"
#include "tests/support/frames.h"
#include "tests/support/tables_text.h"
#include "tests/support/test.h"

enum { SAID = 60, BATCH_MAX = 12 };

static struct store *open_store(struct memory_tables *tables)
{
    struct store_opener opener = memory_store_opener(tables);
    struct error error;
    return opener.open(opener.context, &error);
}

static uint32_t next_batch(const struct frame_log *log, uint32_t from, uint32_t longest,
                           struct placed_frame batch[BATCH_MAX])
{
    uint32_t count = 0;
    while (count < longest && from + count < log->frames.count) {
        const struct frame *frame = &log->frames.at[from + count];
        if (!store_frame_is_plain(frame) && count > 0)
            break;
        batch[count++] = (struct placed_frame){*frame, (int64_t)frame->seq + 1};
        if (!store_frame_is_plain(frame))
            break;
    }
    return count;
}

/* What became of facts, of the log settled last. */
static struct fact_effects counted;

static void count_facts(const struct fact_effects *more)
{
    counted.applied += more->applied;
    counted.repeated += more->repeated;
    counted.never_paid += more->never_paid;
    counted.paid_later += more->paid_later;
    counted.paid_twice += more->paid_twice;
    counted.ended_before += more->ended_before;
}

/* Settles the whole log, up to `longest` frames and `work` resource-hours at once; begins again from the row
 * whenever it must. Returns how often that was. */
static uint32_t settle_log(struct frame_log *log, struct memory_tables *tables, uint32_t longest,
                           uint32_t work)
{
    struct store *store = NULL;
    struct claim claim = {0};
    struct error error;
    uint32_t again = 0;
    bool claimed = false;
    counted = (struct fact_effects){0};
    do {
        struct placed_frame batch[BATCH_MAX];
        struct store_written rows;
        if (store == NULL)
            store = open_store(tables);
        claimed = claimed || (store != NULL && store_claim(store, 0, &claim, &error) == STORE_OK);
        claim.work_max = work;
        claim.accounts_max = work;
        uint32_t count = claimed ? next_batch(log, (uint32_t)claim.next_seq, longest, batch) : 0;
        if (claimed && count == 0)
            break;
        if (claimed && store_settle(store, &claim, batch, count, &rows, &error) != STORE_FAILED) {
            count_facts(&rows.facts);
            continue;
        }
        again++;
        claimed = false;
        if (store != NULL && error.class == ERROR_RETRY)
            continue;
        store_close(store);
        store = NULL;
    } while (true);
    store_claim_release(&claim);
    store_close(store);
    return again;
}

static struct packer text_of(const struct memory_tables *tables)
{
    struct packer out = {0};
    memory_tables_print(tables, &out);
    pack_raw(&out, "", 1);
    return out;
}

/* Whatever the size of the steps. */
static struct packer text_of_any(const struct memory_tables *tables)
{
    struct packer out = {0};
    tables_text(tables, &out);
    pack_raw(&out, "", 1);
    return out;
}

static void assert_same(struct packer a, struct packer b)
{
    assert_string_equal(a.bytes.at, b.bytes.at);
    vec_release(&a.bytes);
    vec_release(&b.bytes);
}

static struct memory_tables *settled(struct frame_log *log, uint32_t longest, uint32_t work)
{
    struct memory_tables *tables = memory_tables_new();
    assert_int_equal(settle_log(log, tables, longest, work), 0);
    return tables;
}

static void make_log(struct frame_log *log, uint64_t seed)
{
    frame_log_make(log, seed, SAID);
    frame_log_cut(log, 1 + (uint32_t)seed % 10, 1 + (uint32_t)seed % 4);
}

static void the_tables_are_the_same_however_the_frames_are_batched(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct frame_log log;
        make_log(&log, seed);
        struct memory_tables *one = settled(&log, 1, 50000), *many = settled(&log, BATCH_MAX, 50000),
                             *steps = settled(&log, BATCH_MAX, 1 + (uint32_t)seed % 9);
        assert_same(text_of(one), text_of(many));
        assert_same(text_of_any(one), text_of_any(steps));
        memory_tables_free(one);
        memory_tables_free(many);
        memory_tables_free(steps);
        frame_log_release(&log);
    }
}

static struct fact_effects effects_of(struct frame_log *log, uint32_t longest, uint32_t work)
{
    memory_tables_free(settled(log, longest, work));
    return counted;
}

static void facts_are_counted_as_the_core_has_them_however_the_frames_are_batched(void **state)
{
    (void)state;
    struct fact_effects all = {0};
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct frame_log log;
        struct settlement settlement;
        struct frame_money money = {0};
        make_log(&log, seed);
        settlement_init(&settlement);
        for (uint32_t i = 0; i < log.frames.count; i++) {
            assert_int_equal(settle_frame(&settlement, &log.frames.at[i]), SETTLED);
            frame_money_take_payments(&settlement, &log.frames.at[i], &money);
        }
        const struct fact_effects one = effects_of(&log, 1, 50000), many = effects_of(&log, BATCH_MAX, 50000),
                                  steps = effects_of(&log, BATCH_MAX, 1 + (uint32_t)seed % 9);
        assert_memory_equal(&one, &settlement.effects, sizeof one);
        assert_memory_equal(&many, &one, sizeof one);
        assert_memory_equal(&steps, &one, sizeof one);
        all.repeated += one.repeated;
        all.never_paid += one.never_paid;
        all.paid_later += one.paid_later;
        all.paid_twice += one.paid_twice;
        all.ended_before += one.ended_before;
        frame_money_release(&money);
        settlement_release(&settlement);
        frame_log_release(&log);
    }
    assert_true(all.repeated > 0 && all.never_paid > 0 && all.paid_later > 0);
    assert_true(all.paid_twice > 0 && all.ended_before > 0);
}

/* Rows of `settled`, as the core alone says them. */
static void the_rows_are_those_of_the_core(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct frame_log log;
        struct settlement settlement;
        uint32_t expected = 0, found = 0;
        make_log(&log, seed);
        settlement_init(&settlement);
        for (uint32_t i = 0; i < log.frames.count; i++) {
            assert_int_equal(settle_frame(&settlement, &log.frames.at[i]), SETTLED);
            expected += settlement.rows.count;
        }
        struct memory_tables *tables = settled(&log, BATCH_MAX, 20);
        struct packer text = text_of(tables);
        for (const char *at = text.bytes.at; (at = strstr(at, "\nsettled ")) != NULL; at++)
            found++;
        assert_true(expected > 0);
        assert_int_equal(found, expected);
        vec_release(&text.bytes);
        memory_tables_free(tables);
        settlement_release(&settlement);
        frame_log_release(&log);
    }
}

static void the_tables_are_the_same_whichever_call_fails(void **state)
{
    (void)state;
    static const enum memory_fault faults[] = {MEMORY_FAULT_REFUSED, MEMORY_FAULT_DEAD,
                                               MEMORY_FAULT_REPLY_LOST};
    struct frame_log log;
    make_log(&log, 7);
    struct memory_tables *whole = settled(&log, 4, 6);
    uint64_t calls = memory_tables_calls(whole);
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
        for (uint64_t n = 1; n <= calls; n++) {
            struct memory_tables *tables = memory_tables_new();
            memory_tables_fail(tables, n, faults[f]);
            uint32_t again = settle_log(&log, tables, 4, 6);
            assert_int_equal(memory_tables_struck(tables, faults[f]), 1);
            assert_true(again <= 1); /* ranges that cannot be made are no failure */
            assert_same(text_of(tables), text_of(whole));
            memory_tables_free(tables);
        }
    memory_tables_free(whole);
    frame_log_release(&log);
}

static void a_backup_that_is_restored_comes_to_the_same_tables(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct frame_log log;
        make_log(&log, seed);
        struct memory_tables *whole = settled(&log, 3, 50000), *tables = memory_tables_new();
        uint32_t all = log.frames.count;
        log.frames.count = all / 3;
        settle_log(&log, tables, 2, 50000);
        struct memory_tables *backup = memory_tables_copy(tables);
        log.frames.count = 2 * all / 3;
        settle_log(&log, tables, 2, 50000);
        struct store *before = open_store(tables);
        memory_tables_restore(tables, backup);
        struct claim claim = {0};
        struct error error;
        assert_int_equal(store_claim(before, 0, &claim, &error), STORE_FAILED);
        assert_int_equal(error.class, ERROR_ABORT);
        store_close(before);
        assert_same(text_of(tables), text_of(backup));
        log.frames.count = all;
        settle_log(&log, tables, 3, 50000);
        assert_same(text_of(tables), text_of(whole));
        memory_tables_free(whole);
        memory_tables_free(backup);
        memory_tables_free(tables);
        frame_log_release(&log);
    }
}

/* --- the fence --- */

struct world {
    struct frame_log log;
    struct memory_tables *tables;
    struct store *store;
    struct claim claim;
    struct error error;
};

static void begin(struct world *world)
{
    *world = (struct world){.tables = memory_tables_new()};
    frame_log_make(&world->log, 1, SAID);
    frame_log_cut(&world->log, 10, 3);
    world->store = open_store(world->tables);
    assert_int_equal(store_claim(world->store, 0, &world->claim, &world->error), STORE_OK);
}

static void end(struct world *world)
{
    store_claim_release(&world->claim);
    store_close(world->store);
    memory_tables_free(world->tables);
    frame_log_release(&world->log);
}

static enum store_outcome settle_next(struct world *world, struct claim *claim)
{
    struct store_written rows;
    struct placed_frame frame = {world->log.frames.at[claim->next_seq], (int64_t)claim->next_seq + 1};
    return store_settle(world->store, claim, &frame, 1, &rows, &world->error);
}

/* Settles the next frame, or a step of it, then once more as who remembers the row from before. */
static enum store_outcome settle_twice(struct world *world)
{
    struct claim before = world->claim;
    enum store_outcome outcome = settle_next(world, &world->claim);
    before.known = world->claim.known;
    assert_int_equal(settle_next(world, &before), STORE_LOST);
    world->claim.known = before.known;
    return outcome;
}

static void a_frame_is_not_settled_again_by_who_remembers_an_older_number(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    for (int i = 0; i < 5; i++)
        assert_int_equal(settle_twice(&world), STORE_OK);
    end(&world);
}

static void a_step_is_not_taken_again_by_who_remembers_an_older_one(void **state)
{
    (void)state;
    struct world world;
    uint32_t steps = 0;
    begin(&world);
    while (world.claim.next_seq < world.log.frames.count) {
        world.claim.work_max = 1;
        steps += settle_twice(&world) == STORE_STEP;
    }
    assert_true(steps > 0);
    end(&world);
}

static void who_claimed_before_can_settle_no_more(void **state)
{
    (void)state;
    struct world world;
    struct claim other = {0};
    begin(&world);
    assert_int_equal(store_claim(world.store, 0, &other, &world.error), STORE_OK);
    assert_int_equal(settle_next(&world, &world.claim), STORE_LOST);
    assert_int_equal(settle_next(&world, &other), STORE_OK);
    store_claim_release(&other);
    end(&world);
}

/* --- rejects --- */

static const struct store_reject refused[] = {
    {.offset = 3, .clock_us = 5, .reason = STR("id: expected"), .feed = STR("http"), .event = STR("{}")},
    {.offset = 4, .clock_us = 6, .reason = STR("a\xff\x00z \xc3\xa9 \xed\xa0\x80"), .feed = STR("http")},
};

static enum store_outcome copy(struct world *world, struct claim *claim, uint32_t from, int64_t next)
{
    return store_copy_rejects(world->store, claim, refused + from, 2 - from, next, &world->error);
}

static uint32_t count_of(const struct world *world, const char *begins)
{
    struct packer text = text_of(world->tables);
    uint32_t count = 0;
    for (const char *at = text.bytes.at; (at = strstr(at, begins)) != NULL; at++)
        count++;
    vec_release(&text.bytes);
    return count;
}

static void a_reject_is_copied_once_and_only_by_who_owns_the_partition(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct claim before = world.claim, other = {0};
    assert_int_equal(copy(&world, &world.claim, 0, 5), STORE_OK);
    assert_int_equal(world.claim.next_reject, 5);
    assert_int_equal(copy(&world, &before, 0, 5), STORE_LOST);
    assert_int_equal(settle_next(&world, &world.claim), STORE_OK); /* which moves nothing of it */
    assert_int_equal(store_claim(world.store, 0, &other, &world.error), STORE_OK);
    assert_int_equal(other.next_reject, 5);
    assert_int_equal(copy(&world, &world.claim, 2, 6), STORE_LOST);
    assert_int_equal(copy(&world, &other, 2, 6), STORE_OK);
    assert_int_equal(count_of(&world, "rejected usage.rejects 0 "), 2);
    assert_int_equal(count_of(&world, "a??z \xc3\xa9 ???"), 1);
    store_claim_release(&other);
    end(&world);
}

static void rejects_are_the_same_whichever_call_fails(void **state)
{
    (void)state;
    for (enum memory_fault fault = MEMORY_FAULT_REFUSED; fault <= MEMORY_FAULT_REPLY_LOST; fault++)
        for (uint64_t n = 1; n <= 4; n++) {
            struct world world;
            begin(&world);
            memory_tables_fail(world.tables, n, fault);
            assert_int_equal(copy(&world, &world.claim, 0, 5), STORE_FAILED);
            store_close(world.store);
            world.store = open_store(world.tables);
            assert_int_equal(store_claim(world.store, 0, &world.claim, &world.error), STORE_OK);
            if (world.claim.next_reject == 0)
                assert_int_equal(copy(&world, &world.claim, 0, 5), STORE_OK);
            assert_int_equal(count_of(&world, "rejected usage.rejects 0 "), 2);
            end(&world);
        }
}

/* --- the generation --- */

static void assert_generation(struct world *world, uint32_t partitions, uint8_t hash,
                              enum error_class expected, const char *says)
{
    struct store_generation generation = {.partitions = partitions};
    memset(generation.init_hash, hash, sizeof generation.init_hash);
    world->error.text[0] = 0;
    assert_int_equal(store_generation(world->store, &generation, &world->error), expected);
    assert_non_null(strstr(world->error.text, says));
}

static void a_log_made_anew_and_a_schema_of_another_generation_are_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct fact *init = (struct fact *)(uintptr_t)&world.log.frames.at[0].facts[0];
    init->control = CONTROL_INIT;
    memset(init->origin.hash, 7, sizeof init->origin.hash);
    assert_generation(&world, 4, 7, ERROR_NONE, "");
    assert_int_equal(settle_next(&world, &world.claim), STORE_OK);
    assert_generation(&world, 4, 7, ERROR_NONE, "");
    assert_generation(&world, 4, 0, ERROR_ABORT, "does not say yet which it is");
    assert_generation(&world, 4, 8, ERROR_FATAL, "the log was made anew");
    assert_generation(&world, 5, 7, ERROR_FATAL, "5 partitions");
    memset(init->origin.hash, 9, sizeof init->origin.hash);
    struct claim other = {0};
    assert_int_equal(store_claim(world.store, 1, &other, &world.error), STORE_OK);
    assert_int_equal(settle_next(&world, &other), STORE_FAILED);
    assert_int_equal(world.error.class, ERROR_FATAL);
    store_claim_release(&other);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_are_the_same_however_the_frames_are_batched),
        cmocka_unit_test(facts_are_counted_as_the_core_has_them_however_the_frames_are_batched),
        cmocka_unit_test(the_rows_are_those_of_the_core),
        cmocka_unit_test(the_tables_are_the_same_whichever_call_fails),
        cmocka_unit_test(a_backup_that_is_restored_comes_to_the_same_tables),
        cmocka_unit_test(a_frame_is_not_settled_again_by_who_remembers_an_older_number),
        cmocka_unit_test(a_step_is_not_taken_again_by_who_remembers_an_older_one),
        cmocka_unit_test(who_claimed_before_can_settle_no_more),
        cmocka_unit_test(a_reject_is_copied_once_and_only_by_who_owns_the_partition),
        cmocka_unit_test(rejects_are_the_same_whichever_call_fails),
        cmocka_unit_test(a_log_made_anew_and_a_schema_of_another_generation_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
