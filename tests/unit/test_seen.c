/* Identities of counts: each is new once, under whatever time, until its hour is forgotten. */
#include <stdio.h>

#include "lib/domain/seen.h"
#include "tests/support/test.h"
#include "tests/unit/random.h"

enum { MANY = 20000, HOURS = 50, HOUR = 3600 };

static struct identity numbered(uint32_t number)
{
    char id[16];
    snprintf(id, sizeof id, "%u", number);
    return identity_of(
        &(struct record){.kind = RECORD_TOKENS, .account = STR("a"), .source = STR("/x"), .id = str_of(id)});
}

static void an_identity_is_new_once_whatever_its_hour(void **state)
{
    (void)state;
    struct seen seen = {0};
    struct random random = random_of(1);
    static bool told[MANY];
    for (int i = 0; i < 4 * MANY; i++) {
        uint32_t number = random_below(&random, MANY);
        int64_t hour_s = random_below(&random, HOURS) * (int64_t)HOUR;
        assert_true(seen_add(&seen, hour_s, numbered(number)) == !told[number]);
        told[number] = true;
    }
    seen_release(&seen);
}

static void only_hours_before_the_horizon_are_forgotten(void **state)
{
    (void)state;
    struct seen seen = {0};
    for (uint32_t i = 0; i < MANY; i++)
        assert_true(seen_add(&seen, i % HOURS * HOUR, numbered(i)));
    seen_forget(&seen, 20 * HOUR);
    assert_int_equal(seen.count, MANY / HOURS * (HOURS - 20));
    for (uint32_t i = 0; i < MANY; i++)
        assert_true(seen_add(&seen, i % HOURS * HOUR, numbered(i)) == (i % HOURS < 20));
    seen_release(&seen);
}

static bool same_identity(struct identity a, struct identity b)
{
    return a.low == b.low && a.high == b.high;
}

static void account_type_source_and_id_are_told_apart(void **state)
{
    (void)state;
    const struct record records[] = {
        {.kind = RECORD_TOKENS, .account = STR("a"), .source = STR("bc"), .id = STR("d")},
        {.kind = RECORD_IMAGES, .account = STR("a"), .source = STR("bc"), .id = STR("d")},
        {.kind = RECORD_TOKENS, .account = STR("ab"), .source = STR("c"), .id = STR("d")},
        {.kind = RECORD_TOKENS, .account = STR("a"), .source = STR("b"), .id = STR("cd")},
        {.kind = RECORD_TOKENS, .account = STR("a"), .source = STR("bc"), .id = STR("e")},
    };
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            assert_true(same_identity(identity_of(&records[i]), identity_of(&records[j])) == (i == j));
    struct record moved = records[0];
    moved.subject = STR("another endpoint");
    moved.time_us = 7;
    assert_true(same_identity(identity_of(&records[0]), identity_of(&moved)));
}

static void the_bytes_of_a_snapshot_do_not_depend_on_the_order_of_arrival(void **state)
{
    (void)state;
    struct seen there = {0}, back = {0}, again = {0};
    struct packer first = {0}, second = {0};
    for (uint32_t i = 0; i < MANY; i++) {
        seen_add(&there, i % HOURS * HOUR, numbered(i));
        seen_add(&back, (MANY - 1 - i) % HOURS * HOUR, numbered(MANY - 1 - i));
    }
    seen_pack(&there, &first);
    seen_pack(&back, &second);
    assert_int_equal(first.bytes.count, second.bytes.count);
    assert_memory_equal(first.bytes.at, second.bytes.at, first.bytes.count);
    struct unpacker in = {first.bytes.at, first.bytes.at + first.bytes.count, false};
    seen_unpack(&again, &in);
    assert_false(in.bad);
    for (uint32_t i = 0; i < MANY; i++)
        assert_false(seen_add(&again, 0, numbered(i)));
    seen_release(&there);
    seen_release(&back);
    seen_release(&again);
    vec_release(&first.bytes);
    vec_release(&second.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_identity_is_new_once_whatever_its_hour),
        cmocka_unit_test(only_hours_before_the_horizon_are_forgotten),
        cmocka_unit_test(account_type_source_and_id_are_told_apart),
        cmocka_unit_test(the_bytes_of_a_snapshot_do_not_depend_on_the_order_of_arrival),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
