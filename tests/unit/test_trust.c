/* A clock is trusted after a whole round that agrees, until one message disagrees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collectors/core/trust.h"
#include "lib/base/time.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_round_of_all_partitions_wins_trust, begin, end),
        cmocka_unit_test_setup_teardown(one_partition_however_often_is_not_a_round, begin, end),
        cmocka_unit_test_setup_teardown(messages_of_an_earlier_round_do_not_count_for_this_one, begin, end),
        cmocka_unit_test_setup_teardown(more_than_five_seconds_apart_is_no_agreement, begin, end),
        cmocka_unit_test_setup_teardown(one_disagreement_loses_trust_until_a_later_round, begin, end),
        cmocka_unit_test_setup_teardown(a_new_round_does_not_lose_trust, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
