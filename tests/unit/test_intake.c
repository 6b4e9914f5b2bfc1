/* Which frame comes next: one chain, each of its frames once. */
#include <string.h>

#include "settler/core/intake.h"
#include "tests/support/test.h"

enum { PARTITION = 3 };

/* Frame `seq` of a chain: chains that differ in number differ in every hash. */
static struct frame frame_of(uint64_t seq, uint8_t chain)
{
    struct frame frame = {.partition = PARTITION, .seq = seq};
    uint64_t before = seq - 1;
    memcpy(frame.hash, &seq, sizeof seq);
    frame.hash[FRAME_HASH_SIZE - 1] = chain;
    if (seq > 0) {
        memcpy(frame.prev_hash, &before, sizeof before);
        frame.prev_hash[FRAME_HASH_SIZE - 1] = chain;
    }
    return frame;
}

static struct intake begun_at(uint64_t seq)
{
    static const uint8_t zeros[FRAME_HASH_SIZE];
    struct intake intake;
    struct frame last = frame_of(seq - 1, 1);
    intake_begin(&intake, PARTITION, seq, seq == 0 ? zeros : last.hash);
    return intake;
}

static void assert_verdict(struct intake *intake, struct frame frame, enum intake_verdict expected)
{
    uint64_t next_seq = intake->next_seq;
    assert_int_equal(intake_take(intake, &frame), expected);
    assert_int_equal(intake->next_seq, next_seq + (expected == INTAKE_TAKEN));
}

static void a_chain_is_taken_frame_by_frame(void **state)
{
    (void)state;
    struct intake intake = begun_at(0);
    for (uint64_t seq = 0; seq < 3 * INTAKE_KNOWN; seq++)
        assert_verdict(&intake, frame_of(seq, 1), INTAKE_TAKEN);
    intake = begun_at(7);
    assert_verdict(&intake, frame_of(7, 1), INTAKE_TAKEN);
}

static void a_repeated_frame_is_passed_over(void **state)
{
    (void)state;
    struct intake intake = begun_at(7);
    assert_verdict(&intake, frame_of(6, 1), INTAKE_REPEATED);
    assert_verdict(&intake, frame_of(7, 1), INTAKE_TAKEN);
    assert_verdict(&intake, frame_of(7, 1), INTAKE_REPEATED);
    assert_verdict(&intake, frame_of(6, 1), INTAKE_REPEATED);
}

static void another_frame_of_a_known_number_stops_the_partition(void **state)
{
    (void)state;
    struct intake intake = begun_at(7);
    assert_verdict(&intake, frame_of(6, 2), INTAKE_FORKED);
    assert_verdict(&intake, frame_of(7, 1), INTAKE_TAKEN);
    assert_verdict(&intake, frame_of(7, 2), INTAKE_FORKED);
    assert_verdict(&intake, frame_of(6, 2), INTAKE_FORKED);
    /* Whose hash is not known any more: no verdict is possible. */
    assert_verdict(&intake, frame_of(5, 2), INTAKE_REPEATED);
}

static void the_next_number_on_another_chain_is_not_taken(void **state)
{
    (void)state;
    struct intake intake = begun_at(7);
    assert_verdict(&intake, frame_of(7, 2), INTAKE_AHEAD);
    assert_verdict(&intake, frame_of(7, 1), INTAKE_TAKEN);
    assert_verdict(&intake, frame_of(8, 2), INTAKE_AHEAD);
    intake = begun_at(0);
    struct frame first = frame_of(0, 1);
    first.prev_hash[0] = 1;
    assert_verdict(&intake, first, INTAKE_AHEAD);
}

static void a_later_number_is_not_taken(void **state)
{
    (void)state;
    struct intake intake = begun_at(7);
    assert_verdict(&intake, frame_of(8, 1), INTAKE_AHEAD);
    assert_verdict(&intake, frame_of(7, 1), INTAKE_TAKEN);
    assert_verdict(&intake, frame_of(8, 1), INTAKE_TAKEN);
}

static void a_frame_of_another_partition_is_not_taken(void **state)
{
    (void)state;
    struct intake intake = begun_at(7);
    struct frame stray = frame_of(7, 1);
    stray.partition = PARTITION + 1;
    assert_verdict(&intake, stray, INTAKE_AHEAD);
    stray = frame_of(6, 2);
    stray.partition = PARTITION + 1;
    assert_verdict(&intake, stray, INTAKE_AHEAD);
}

static void the_next_frame_may_be_missed_for_a_minute_and_no_longer(void **state)
{
    (void)state;
    struct intake intake = begun_at(7);
    assert_verdict(&intake, frame_of(8, 1), INTAKE_AHEAD);
    assert_false(intake_missed(&intake, 1000));
    assert_verdict(&intake, frame_of(6, 1), INTAKE_REPEATED); /* which is not the next one */
    assert_false(intake_missed(&intake, 1000 + INTAKE_GAP_S));
    assert_true(intake_missed(&intake, 1001 + INTAKE_GAP_S));
    assert_verdict(&intake, frame_of(7, 1), INTAKE_TAKEN);
    assert_verdict(&intake, frame_of(9, 1), INTAKE_AHEAD);
    assert_false(intake_missed(&intake, 1002 + INTAKE_GAP_S)); /* counted anew */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_taken_frame_by_frame),
        cmocka_unit_test(a_repeated_frame_is_passed_over),
        cmocka_unit_test(another_frame_of_a_known_number_stops_the_partition),
        cmocka_unit_test(the_next_number_on_another_chain_is_not_taken),
        cmocka_unit_test(a_later_number_is_not_taken),
        cmocka_unit_test(a_frame_of_another_partition_is_not_taken),
        cmocka_unit_test(the_next_frame_may_be_missed_for_a_minute_and_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
