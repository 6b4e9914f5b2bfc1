/* The names of a generation's topics. */
#include <string.h>

#include "lib/domain/topics.h"
#include "tests/support/test.h"

static void the_prefix_stands_before_each_name(void **state)
{
    (void)state;
    struct topics topics = topics_of("eu-");
    assert_string_equal(topics.records, "eu-usage.records");
    assert_string_equal(topics.frames, "eu-usage.frames");
    assert_string_equal(topics.snapshots, "eu-aggregator.snapshots");
    assert_string_equal(topics.rejects, "eu-usage.rejects");
    assert_string_equal(topics.notices, "eu-billing.notices");
}

static void a_prefix_that_is_too_long_is_cut_and_the_names_stay_whole(void **state)
{
    (void)state;
    char prefix[TOPIC_PREFIX_MAX + 50];
    memset(prefix, 'x', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = 0;
    struct topics topics = topics_of(prefix);
    assert_int_equal(strlen(topics.snapshots), TOPIC_PREFIX_MAX + strlen("aggregator.snapshots"));
    assert_string_equal(topics.snapshots + TOPIC_PREFIX_MAX, "aggregator.snapshots");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_prefix_stands_before_each_name),
        cmocka_unit_test(a_prefix_that_is_too_long_is_cut_and_the_names_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
