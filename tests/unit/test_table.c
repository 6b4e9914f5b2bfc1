/* The hash index and the set of identities, held to plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "aggregator/core/seen.h"
#include "lib/base/table.h"
#include "tests/unit/random.h"

enum { ITEMS = 300, STEPS = 50000 };

static bool contains(const struct table *table, uint64_t hash, uint32_t index)
{
    for (struct table_probe p = table_probe(table, hash); table_next(table, &p);)
        if (p.index == index)
            return true;
    return false;
}

static void it_holds_exactly_what_was_put_in_and_not_taken_out(void **state)
{
    (void)state;
    struct random random = random_of(7);
    struct table table = {0};
    uint64_t hashes[ITEMS];
    bool in[ITEMS] = {0};
    for (int i = 0; i < ITEMS; i++)
        hashes[i] = random_below(&random, 40) * 0x100000001u; /* few, so that they collide */
    for (int step = 0; step < STEPS; step++) {
        uint32_t i = random_below(&random, ITEMS);
        assert_int_equal(contains(&table, hashes[i], i), in[i]);
        if (in[i])
            table_remove(&table, hashes[i], i);
        else
            table_insert(&table, hashes[i], i);
        in[i] = !in[i];
    }
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_int_equal(contains(&table, hashes[i], i), in[i]);
    table_release(&table);
}

static void an_identity_is_new_once(void **state)
{
    (void)state;
    struct seen seen = {0};
    for (int pass = 0; pass < 2; pass++)
        for (uint64_t i = 1; i < 5000; i++)
            assert_int_equal(seen_add(&seen, (int64_t)(i % 7) * 3600, (struct identity){i * i, i}),
                             pass == 0);
    seen_forget(&seen, 3 * 3600);
    assert_true(seen_add(&seen, 0, (struct identity){49, 7}));
    assert_false(seen_add(&seen, 4 * 3600, (struct identity){16, 4}));
    seen_release(&seen);
}

static void source_and_id_are_told_apart(void **state)
{
    (void)state;
    struct identity a = identity_of(STR("ab"), STR("c")), b = identity_of(STR("a"), STR("bc"));
    assert_int_not_equal(identity_compare(&a, &b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_exactly_what_was_put_in_and_not_taken_out),
        cmocka_unit_test(an_identity_is_new_once),
        cmocka_unit_test(source_and_id_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
