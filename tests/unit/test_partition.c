/* Where accounts live, for ever: a generation's log is only read again by who puts them in the same places.
 */
#include <stdio.h>

#include "lib/base/partition.h"
#include "lib/base/table.h"
#include "tests/support/test.h"

static void accounts_have_the_hashes_that_xxh3_gives(void **state)
{
    (void)state;
    assert_true(hash_str(STR("")) == 0x2D06800538D394C2u);
    assert_true(hash_str(STR("a")) == 0xE6C632B61E964E1Fu);
    assert_true(hash_str(STR("abc")) == 0x78AF5F94892F3950u);
}

static void accounts_stay_where_they_have_always_been(void **state)
{
    (void)state;
    static const struct {
        struct str account;
        uint32_t of_4, of_64, of_1000;
    } fixed[] = {
        {STR("a"), 0xE6C632B61E964E1Fu % 4, 0xE6C632B61E964E1Fu % 64, 0xE6C632B61E964E1Fu % 1000},
        {STR("abc"), 0x78AF5F94892F3950u % 4, 0x78AF5F94892F3950u % 64, 0x78AF5F94892F3950u % 1000},
    };
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        assert_int_equal(partition_of(fixed[i].account, 1), 0);
        assert_int_equal(partition_of(fixed[i].account, 4), fixed[i].of_4);
        assert_int_equal(partition_of(fixed[i].account, 64), fixed[i].of_64);
        assert_int_equal(partition_of(fixed[i].account, 1000), fixed[i].of_1000);
    }
}

static void accounts_spread_evenly(void **state)
{
    (void)state;
    enum { ACCOUNTS = 64000, PARTITIONS = 64 };
    uint32_t counts[PARTITIONS] = {0};
    for (int i = 0; i < ACCOUNTS; i++) {
        char account[24];
        int size = snprintf(account, sizeof account, "acct-%d", i);
        counts[partition_of((struct str){account, (uint32_t)size}, PARTITIONS)]++;
    }
    for (int p = 0; p < PARTITIONS; p++)
        assert_in_range(counts[p], 850, 1150); /* 1000, give or take nearly five deviations */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_have_the_hashes_that_xxh3_gives),
        cmocka_unit_test(accounts_stay_where_they_have_always_been),
        cmocka_unit_test(accounts_spread_evenly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
