/* The hash index and the set of identities, held to plain arrays. */
#include <string.h>

#include "lib/base/table.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { ITEMS = 300, STEPS = 50000 };

static bool contains(const struct table *table, uint64_t hash, uint32_t index)
{
    for (struct table_probe p = table_probe(table, hash); table_next(table, &p);)
        if (p.index == index)
            return true;
    return false;
}

static void it_holds_exactly_what_was_put_in(void **state)
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
        if (random_below(&random, STEPS / 20) == 0) {
            table_clear(&table);
            memset(in, 0, sizeof in);
        }
        if (!in[i])
            table_insert(&table, hashes[i], i);
        in[i] = true;
    }
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_int_equal(contains(&table, hashes[i], i), in[i]);
    table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_exactly_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
