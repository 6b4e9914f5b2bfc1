/* Spans of life, held to CONTRACT §2.2 read second by second over the plain list of signs. */
#include "aggregator/core/spans.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { SPAN = 60, ROUNDS = 20000 };

/* Alive in second s, judged at now: by the two signs around it. */
static bool alive_by_rule(const bool signs[SPAN], int liveness, int now, int s)
{
    int a = s;
    while (a >= 0 && !signs[a])
        a--;
    if (a < 0 || s >= now)
        return false;
    int b = s + 1;
    while (b < now && !signs[b])
        b++;
    return b - a <= liveness;
}

static void assert_alive_as_ruled(const struct spans *spans, const bool signs[SPAN], int liveness, int now)
{
    bool alive[SPAN] = {0};
    struct span next = {0, 0};
    while (spans_alive(spans, liveness, now, next.last_s, &next))
        for (int64_t s = next.first_s; s < next.last_s; s++)
            alive[s] = true;
    for (int s = 0; s < SPAN; s++)
        assert_int_equal(alive[s], alive_by_rule(signs, liveness, now, s));
}

static void a_second_is_alive_exactly_when_its_two_signs_are_near(void **state)
{
    (void)state;
    struct random random = random_of(3);
    for (int round = 0; round < ROUNDS; round++) {
        struct spans spans = {0};
        bool signs[SPAN] = {0};
        int liveness = 1 + (int)random_below(&random, 9);
        uint32_t count = random_below(&random, 14);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t s = random_below(&random, SPAN);
            signs[s] = true;
            spans_add(&spans, s, liveness);
        }
        assert_alive_as_ruled(&spans, signs, liveness, 1 + (int)random_below(&random, SPAN - 1));
        vec_release(&spans.list);
    }
}

static void a_sign_changes_nothing_before_the_second_that_it_names(void **state)
{
    (void)state;
    struct random random = random_of(4);
    for (int round = 0; round < ROUNDS; round++) {
        struct spans spans = {0};
        bool signs[SPAN] = {0};
        int liveness = 1 + (int)random_below(&random, 9), now = SPAN - (int)random_below(&random, 20);
        for (int i = 0; i < 8; i++) {
            bool before[SPAN], after[SPAN];
            for (int s = 0; s < SPAN; s++)
                before[s] = alive_by_rule(signs, liveness, now, s);
            uint32_t sign = random_below(&random, SPAN);
            signs[sign] = true;
            int64_t changed = spans_add(&spans, sign, liveness);
            for (int s = 0; s < SPAN; s++)
                after[s] = alive_by_rule(signs, liveness, now, s);
            /* What dies because time went on is found by the sign before the close, not here. */
            for (int s = 0; s < SPAN && s < changed; s++)
                assert_true(before[s] == after[s] || (before[s] && sign >= (uint32_t)now));
        }
        vec_release(&spans.list);
    }
}

static void a_month_of_heartbeats_is_one_span(void **state)
{
    (void)state;
    struct spans spans = {0};
    for (int64_t s = 0; s < 30 * 86400; s += 30)
        spans_add(&spans, s, 300);
    assert_int_equal(spans.list.count, 1);
    vec_release(&spans.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_is_alive_exactly_when_its_two_signs_are_near),
        cmocka_unit_test(a_sign_changes_nothing_before_the_second_that_it_names),
        cmocka_unit_test(a_month_of_heartbeats_is_one_span),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
