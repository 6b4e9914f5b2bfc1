/* The chain of frames that a fold must make again: copies, zombies and forks. */
#include "aggregator/core/chain.h"
#include "tests/support/test.h"

/* Frame `seq` of the log that `tint` names; the hash is (seq + 1, tint), the one before (seq, tint). */
static struct frame frame_of(uint64_t seq, uint8_t before, uint8_t tint)
{
    struct frame frame = {.seq = seq};
    frame.prev_hash[0] = (uint8_t)seq;
    frame.prev_hash[1] = before;
    frame.hash[0] = (uint8_t)(seq + 1);
    frame.hash[1] = tint;
    return frame;
}

static bool note(struct chain *chain, uint64_t seq)
{
    struct frame frame = frame_of(seq, 0, 0);
    return chain_note(chain, &frame);
}

static struct chain chain_after(uint64_t next_seq)
{
    struct chain chain = {0};
    uint8_t last[FRAME_HASH_SIZE] = {(uint8_t)next_seq};
    chain_begin(&chain, next_seq, last);
    return chain;
}

static void frames_follow_the_fold_whatever_their_order_and_copies(void **state)
{
    (void)state;
    struct chain chain = chain_after(5);
    static const uint64_t order[] = {3, 4, 5, 4, 5, 7, 8, 6, 5, 7, 9};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        assert_true(note(&chain, order[i]));
    assert_int_equal(chain.links.count, 5);
    assert_null(chain_at(&chain, 4));
    for (uint64_t seq = 5; seq < 10; seq++)
        assert_int_equal(chain_at(&chain, seq)[0], seq + 1);
    assert_null(chain_at(&chain, 10));
    assert_int_equal(chain.early.count, 0);
    chain_release(&chain);
}

static void a_frame_that_follows_another_log_is_not_on_the_chain(void **state)
{
    (void)state;
    struct chain chain = chain_after(5);
    struct frame zombie = frame_of(5, 9, 9);
    assert_true(chain_note(&chain, &zombie));
    assert_null(chain_at(&chain, 5));
    assert_true(note(&chain, 5));
    zombie = frame_of(6, 9, 9);
    assert_true(chain_note(&chain, &zombie));
    assert_int_equal(chain.links.count, 1);
    chain_release(&chain);
}

static void two_frames_of_one_number_that_follow_the_same_are_a_fork(void **state)
{
    (void)state;
    struct chain chain = chain_after(5);
    struct frame other = frame_of(6, 0, 1);
    assert_true(note(&chain, 5) && note(&chain, 6));
    assert_false(chain_note(&chain, &other));
    chain_release(&chain);
    chain = chain_after(5);
    assert_true(chain_note(&chain, &other)); /* it came too early to tell */
    assert_true(note(&chain, 6));
    assert_false(note(&chain, 5));
    chain_release(&chain);
}

static void a_fold_that_went_on_keeps_what_is_known_after_it(void **state)
{
    (void)state;
    struct chain chain = chain_after(5);
    for (uint64_t seq = 5; seq < 9; seq++)
        assert_true(note(&chain, seq));
    chain_begin(&chain, 7, (uint8_t[FRAME_HASH_SIZE]){7});
    assert_null(chain_at(&chain, 6));
    assert_int_equal(chain_at(&chain, 8)[0], 9);
    assert_true(note(&chain, 9));
    assert_int_equal(chain_at(&chain, 9)[0], 10);
    chain_begin(&chain, 10, (uint8_t[FRAME_HASH_SIZE]){10});
    assert_int_equal(chain.links.count, 0);
    assert_true(note(&chain, 10));
    /* Past its end: nothing is known. */
    chain_begin(&chain, 20, (uint8_t[FRAME_HASH_SIZE]){20});
    assert_null(chain_at(&chain, 10));
    assert_null(chain_at(&chain, 20));
    chain_release(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_follow_the_fold_whatever_their_order_and_copies),
        cmocka_unit_test(a_frame_that_follows_another_log_is_not_on_the_chain),
        cmocka_unit_test(two_frames_of_one_number_that_follow_the_same_are_a_fork),
        cmocka_unit_test(a_fold_that_went_on_keeps_what_is_known_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
