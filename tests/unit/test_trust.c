/* A clock is trusted after a whole round that agrees, until one message disagrees. */
#include "collectors/core/trust.h"
#include "lib/base/time.h"
#include "tests/support/test.h"

enum { PARTITIONS = 3 };
static const int64_t now_us = 1800000000 * (int64_t)SECOND_US;
static struct trust trust;

static int begin(void **state)
{
    (void)state;
    trust_reset(&trust, PARTITIONS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    trust_release(&trust);
    return 0;
}

/* How far the message's clock and ours are ahead of the append time. */
static bool hear(uint32_t partition, uint32_t round, int64_t message_ahead_us, int64_t ours_ahead_us)
{
    return trust_hear(&trust, &(struct trust_sign){partition, round, now_us + message_ahead_us, now_us,
                                                   now_us + ours_ahead_us});
}

static void a_round_of_all_partitions_wins_trust(void **state)
{
    (void)state;
    assert_false(trust.given);
    uint32_t round = trust_begin_round(&trust);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        assert_false(trust.given);
        assert_true(hear(p, round, 0, 0));
    }
    assert_true(trust.given);
}

static void one_partition_however_often_is_not_a_round(void **state)
{
    (void)state;
    uint32_t round = trust_begin_round(&trust);
    for (int i = 0; i < 10; i++)
        hear(1, round, 0, 0);
    hear(0, round, 0, 0);
    assert_false(trust.given);
}

static void messages_of_an_earlier_round_do_not_count_for_this_one(void **state)
{
    (void)state;
    uint32_t early = trust_begin_round(&trust);
    uint32_t round = trust_begin_round(&trust);
    hear(0, early, 0, 0);
    hear(1, round, 0, 0);
    hear(2, round, 0, 0);
    assert_false(trust.given);
}

static void more_than_five_seconds_apart_is_no_agreement(void **state)
{
    (void)state;
    static const struct {
        int64_t message_ahead_us;
        int64_t ours_ahead_us;
        bool agree;
    } cases[] = {{5000000, 0, true},    {5000001, 0, false},     {0, -5000000, true},
                 {0, -5000001, false},  {-86400000000, 0, true}, /* it waited for the broker for a day */
                 {0, 86400000000, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t round = trust_begin_round(&trust);
        assert_true(hear(0, round, cases[i].message_ahead_us, cases[i].ours_ahead_us) == cases[i].agree);
    }
}

static void one_disagreement_loses_trust_until_a_later_round(void **state)
{
    (void)state;
    uint32_t round = trust_begin_round(&trust);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        hear(p, round, 0, 0);
    assert_true(trust.given);
    assert_false(hear(1, round, 6000000, 0));
    assert_false(trust.given);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        hear(p, round, 0, 0);
    assert_false(trust.given);
    round = trust_begin_round(&trust);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        hear(p, round, 0, 0);
    assert_true(trust.given);
}

static void a_new_round_does_not_lose_trust(void **state)
{
    (void)state;
    uint32_t round = trust_begin_round(&trust);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        hear(p, round, 0, 0);
    trust_begin_round(&trust);
    assert_true(trust.given);
}

static void agree(uint32_t round)
{
    for (uint32_t p = 0; p < PARTITIONS; p++)
        hear(p, round, 0, 0);
}

static const int64_t steady_us = 77 * (int64_t)SECOND_US, hour_us = HOUR_S * (int64_t)SECOND_US;

static void a_refusal_stands_once_a_round_begun_since_has_agreed(void **state)
{
    (void)state;
    agree(trust_begin_round(&trust));
    struct doubt doubt = trust_doubt(&trust, now_us, steady_us);
    assert_int_equal(trust_settle(&trust, &doubt, now_us, steady_us), DOUBT_OPEN);
    uint32_t round = trust_begin_round(&trust);
    hear(0, round, 0, 0);
    hear(1, round, 0, 0);
    assert_int_equal(trust_settle(&trust, &doubt, now_us, steady_us), DOUBT_OPEN);
    hear(2, round, 0, 0);
    assert_int_equal(trust_settle(&trust, &doubt, now_us + SECOND_US, steady_us + SECOND_US), DOUBT_STANDS);
}

static void a_round_that_was_under_way_says_nothing_of_a_refusal(void **state)
{
    (void)state;
    uint32_t round = trust_begin_round(&trust);
    struct doubt doubt = trust_doubt(&trust, now_us, steady_us);
    agree(round);
    assert_int_equal(trust_settle(&trust, &doubt, now_us, steady_us), DOUBT_OPEN);
    agree(trust_begin_round(&trust));
    assert_int_equal(trust_settle(&trust, &doubt, now_us, steady_us), DOUBT_STANDS);
}

/* Too early by a clock an hour back, too late by one that is a year ahead: the next message tells. */
static void a_clock_that_was_wrong_when_it_judged_lets_the_refusal_fall(void **state)
{
    (void)state;
    const int64_t ahead_us[] = {-hour_us, 365 * 24 * hour_us};
    for (int i = 0; i < 2; i++) {
        agree(trust_begin_round(&trust));
        struct doubt doubt = trust_doubt(&trust, now_us + ahead_us[i], steady_us);
        uint32_t round = trust_begin_round(&trust);
        assert_false(hear(0, round, ahead_us[i], ahead_us[i]));
        assert_int_equal(trust_settle(&trust, &doubt, now_us + ahead_us[i], steady_us), DOUBT_FALLS);
        /* Not even when later rounds agree. */
        agree(trust_begin_round(&trust));
        assert_int_equal(trust_settle(&trust, &doubt, now_us + ahead_us[i], steady_us), DOUBT_FALLS);
    }
}

static void a_clock_that_was_wrong_for_a_moment_is_noticed_too(void **state)
{
    (void)state;
    agree(trust_begin_round(&trust));
    struct doubt doubt = trust_doubt(&trust, now_us + hour_us, steady_us);
    agree(trust_begin_round(&trust));
    assert_int_equal(trust_settle(&trust, &doubt, now_us, steady_us), DOUBT_FALLS);
    doubt = trust_doubt(&trust, now_us - hour_us, steady_us);
    agree(trust_begin_round(&trust));
    assert_int_equal(trust_settle(&trust, &doubt, now_us, steady_us), DOUBT_FALLS);
}

static void a_clock_may_be_slewed_by_some_seconds(void **state)
{
    (void)state;
    agree(trust_begin_round(&trust));
    struct doubt doubt = trust_doubt(&trust, now_us, steady_us);
    agree(trust_begin_round(&trust));
    const int64_t five_s = 5 * (int64_t)SECOND_US;
    assert_int_equal(trust_settle(&trust, &doubt, now_us + five_s, steady_us), DOUBT_STANDS);
    assert_int_equal(trust_settle(&trust, &doubt, now_us - five_s, steady_us), DOUBT_STANDS);
    assert_int_equal(trust_settle(&trust, &doubt, now_us + five_s + 1, steady_us), DOUBT_FALLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_round_of_all_partitions_wins_trust, begin, end),
        cmocka_unit_test_setup_teardown(one_partition_however_often_is_not_a_round, begin, end),
        cmocka_unit_test_setup_teardown(messages_of_an_earlier_round_do_not_count_for_this_one, begin, end),
        cmocka_unit_test_setup_teardown(more_than_five_seconds_apart_is_no_agreement, begin, end),
        cmocka_unit_test_setup_teardown(one_disagreement_loses_trust_until_a_later_round, begin, end),
        cmocka_unit_test_setup_teardown(a_new_round_does_not_lose_trust, begin, end),
        cmocka_unit_test_setup_teardown(a_refusal_stands_once_a_round_begun_since_has_agreed, begin, end),
        cmocka_unit_test_setup_teardown(a_round_that_was_under_way_says_nothing_of_a_refusal, begin, end),
        cmocka_unit_test_setup_teardown(a_clock_that_was_wrong_when_it_judged_lets_the_refusal_fall, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_clock_that_was_wrong_for_a_moment_is_noticed_too, begin, end),
        cmocka_unit_test_setup_teardown(a_clock_may_be_slewed_by_some_seconds, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
