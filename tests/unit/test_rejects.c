/* What a submission's source refused: bounded, and what is left out is counted. */
#include "collectors/core/rejects.h"
#include "tests/support/test.h"

static void each_is_one_message(void **state)
{
    (void)state;
    struct rejects rejects = {0};
    struct reject back;
    rejects_add(&rejects, &(struct reject){.reason = STR("id: one"), .account = STR("a")});
    rejects_add(&rejects, &(struct reject){.reason = STR("id: two"), .bytes = STR("{}")});
    assert_int_equal(reject_decode(rejects_at(&rejects, 0), &back), DECODE_OK);
    assert_true(str_equal(back.reason, STR("id: one")) && str_equal(back.account, STR("a")));
    assert_int_equal(reject_decode(rejects_at(&rejects, 1), &back), DECODE_OK);
    assert_true(str_equal(back.reason, STR("id: two")) && str_equal(back.bytes, STR("{}")));
    rejects_release(&rejects);
}

static void many_are_bounded_by_number(void **state)
{
    (void)state;
    struct rejects rejects = {0};
    for (int i = 0; i < REJECTS_MAX + 5; i++) {
        assert_true(rejects_full(&rejects) == (i >= REJECTS_MAX));
        rejects_add(&rejects, &(struct reject){.reason = STR("id: bad")});
    }
    assert_int_equal(rejects.ends.count, REJECTS_MAX);
    assert_int_equal(rejects.left_out, 5);
    rejects_release(&rejects);
}

static void large_ones_are_bounded_by_bytes(void **state)
{
    (void)state;
    static char text[2 * LIMIT_REJECT_BYTES];
    struct rejects rejects = {0};
    for (int i = 0; i < 100; i++)
        rejects_add(&rejects, &(struct reject){.reason = STR("id: bad"), .bytes = {text, sizeof text}});
    assert_true(rejects.bytes.bytes.count <= REJECTS_BYTES_MAX + 2 * LIMIT_REJECT_BYTES);
    assert_int_equal(rejects.ends.count + rejects.left_out, 100);
    assert_true(rejects.ends.count >= 15);
    rejects_release(&rejects);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_one_message),
        cmocka_unit_test(many_are_bounded_by_number),
        cmocka_unit_test(large_ones_are_bounded_by_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
