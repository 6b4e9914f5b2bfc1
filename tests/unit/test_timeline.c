/* Step functions, held to arrays with one entry a second. */
#include "aggregator/core/timeline.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { SPAN = 40, ROUNDS = 20000 };

static struct level level_of(uint32_t value)
{
    return (struct level){value % 3, value / 3, value};
}

static void fill(struct timeline *timeline, uint32_t seconds[SPAN], struct random *random, int from, int to)
{
    vec_clear(&timeline->steps);
    for (int s = from; s < to;) {
        int until = s + 1 + (int)random_below(random, 6);
        if (until > to)
            until = to;
        uint32_t value = random_below(random, 4);
        timeline_append(timeline, (struct step){s, until, level_of(value)});
        for (; s < until; s++)
            seconds[s] = value;
    }
}

static void assert_is(const struct timeline *timeline, const uint32_t seconds[SPAN])
{
    for (int s = 0; s < SPAN; s++) {
        uint32_t i = timeline_at(timeline, s);
        bool inside = i < timeline->steps.count && timeline->steps.at[i].from_s <= s;
        struct level level = inside ? timeline->steps.at[i].level : (struct level){0};
        assert_true(level_equal(level, level_of(seconds[s])));
    }
    for (uint32_t i = 1; i < timeline->steps.count; i++) {
        const struct step *a = &timeline->steps.at[i - 1], *b = &timeline->steps.at[i];
        assert_true(a->to_s < b->from_s || (a->to_s == b->from_s && !level_equal(a->level, b->level)));
    }
}

static void replacing_a_piece_changes_just_its_seconds(void **state)
{
    (void)state;
    struct random random = random_of(1);
    struct timeline timeline = {0}, piece = {0};
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t seconds[SPAN] = {0};
        fill(&timeline, seconds, &random, 0, SPAN);
        int from = (int)random_below(&random, SPAN),
            to = from + 1 + (int)random_below(&random, (uint32_t)(SPAN - from));
        fill(&piece, seconds, &random, from, to);
        timeline_replace(&timeline, from, to, &piece);
        assert_is(&timeline, seconds);
    }
    vec_release(&timeline.steps);
    vec_release(&piece.steps);
}

static void two_are_the_same_where_every_second_is(void **state)
{
    (void)state;
    struct random random = random_of(2);
    struct timeline a = {0}, b = {0};
    int same = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint32_t x[SPAN] = {0}, y[SPAN] = {0};
        fill(&a, x, &random, 0, SPAN);
        fill(&b, y, &random, 0, SPAN);
        int from = (int)random_below(&random, SPAN), to = from + (int)random_below(&random, 4);
        if (to > SPAN)
            to = SPAN;
        bool expected = memcmp(x + from, y + from, (size_t)(to - from) * sizeof *x) == 0;
        same += expected && to > from;
        assert_int_equal(timeline_same(&a, &b, from, to), expected);
    }
    assert_true(same > 100);
    vec_release(&a.steps);
    vec_release(&b.steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replacing_a_piece_changes_just_its_seconds),
        cmocka_unit_test(two_are_the_same_where_every_second_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
