/* The exposition: a head once for each name, a line for each row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/io/metrics.h"

static void rows_of_one_name_share_a_head(void **state)
{
    (void)state;
    struct metric metrics[] = {
        {"events_total{outcome=\"good\"}", METRIC_COUNTER, "Events.", 0},
        {"events_total{outcome=\"bad\"}", METRIC_COUNTER, "", 0},
        {"events", METRIC_GAUGE, "Now.", 0},
    };
    struct packer out = {0};
    metric_add(&metrics[0], 2);
    metric_add(&metrics[0], 3);
    metric_set(&metrics[2], -1);
    metrics_print(metrics, 3, &out);
    static const char expected[] = "# HELP events_total Events.\n# TYPE events_total counter\n"
                                   "events_total{outcome=\"good\"} 5\nevents_total{outcome=\"bad\"} 0\n"
                                   "# HELP events Now.\n# TYPE events gauge\nevents -1\n";
    assert_int_equal(out.bytes.count, sizeof expected - 1);
    assert_memory_equal(out.bytes.at, expected, sizeof expected - 1);
    vec_release(&out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_one_name_share_a_head)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
