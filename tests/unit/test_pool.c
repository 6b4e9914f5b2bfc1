/* A pool's total, held to an array with one entry a second. */
#include "aggregator/core/pool.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { SPAN = 50, ROUNDS = 5000, ADDS = 12 };

static void the_total_is_the_sum_of_what_was_added(void **state)
{
    (void)state;
    struct random random = random_of(5);
    struct timeline folded = {0};
    for (int round = 0; round < ROUNDS; round++) {
        struct pool pool = {0};
        int64_t total[SPAN] = {0};
        for (int i = 0; i < ADDS; i++) {
            int from = (int)random_below(&random, SPAN), to = from + 1 + (int)random_below(&random, 20);
            int64_t bytes = random_below(&random, 3);
            pool_add(&pool, from, to >= SPAN ? INT64_MAX : to, bytes);
            for (int s = from; s < to && s < SPAN; s++)
                total[s] += bytes;
            int at = (int)random_below(&random, SPAN);
            assert_int_equal((int64_t)pool_total(&pool, at), total[at]);
        }
        int from = (int)random_below(&random, SPAN);
        vec_clear(&folded.steps);
        pool_fold(&pool, from, SPAN, &folded);
        for (int s = from; s < SPAN; s++) {
            uint32_t i = timeline_at(&folded, s);
            bool inside = i < folded.steps.count && folded.steps.at[i].from_s <= s;
            assert_int_equal(inside ? (int64_t)folded.steps.at[i].level.quantity : 0, total[s]);
        }
        vec_release(&pool.changes);
    }
    vec_release(&folded.steps);
}

static void forgetting_the_past_keeps_the_present(void **state)
{
    (void)state;
    struct pool pool = {0};
    pool_add(&pool, 10, INT64_MAX, 7);
    pool_add(&pool, 20, 30, 5);
    pool_forget(&pool, 25);
    assert_int_equal((int64_t)pool_total(&pool, 29), 12);
    assert_int_equal((int64_t)pool_total(&pool, 30), 7);
    assert_int_equal(pool.changes.count, 1);
    vec_release(&pool.changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_total_is_the_sum_of_what_was_added),
        cmocka_unit_test(forgetting_the_past_keeps_the_present),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
