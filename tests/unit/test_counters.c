/* What the three programs count is named by one rule. */
#include <stdio.h>
#include <string.h>

#include "aggregator/counters.h"
#include "collectors/counters.h"
#include "settler/counters.h"
#include "tests/support/test.h"

static const struct metrics *const programs[] = {&collector_all_metrics, &aggregator_all_metrics,
                                                 &settler_all_metrics};

static struct str base_of(const char *name)
{
    return (struct str){name, (uint32_t)strcspn(name, "{")};
}

static bool ends_with(struct str name, const char *end)
{
    size_t size = strlen(end);
    return name.size > size && memcmp(name.at + name.size - size, end, size) == 0;
}

static void is_named_well(const struct metrics *metrics, const char *name, const char *help, bool is_counter)
{
    char prefix[40];
    snprintf(prefix, sizeof prefix, "hourglass_%s_", metrics->program);
    assert_memory_equal(name, prefix, strlen(prefix));
    assert_int_equal(strspn(base_of(name).at, "abcdefghijklmnopqrstuvwxyz_"), base_of(name).size);
    assert_int_equal(ends_with(base_of(name), "_total"), is_counter);
    assert_true(strlen(help) > 1 && help[strlen(help) - 1] == '.');
}

static void every_name_says_its_program_and_its_kind(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof programs / sizeof *programs; p++) {
        const struct metrics *metrics = programs[p];
        const char *help = "";
        for (size_t i = 0; i < metrics->row_count; i++) {
            const struct metric *row = &metrics->rows[i];
            bool is_first = row->help[0] != 0;
            help = is_first ? row->help : help;
            is_named_well(metrics, row->name, help, row->type == METRIC_COUNTER);
            assert_true(is_first ||
                        (i > 0 && str_equal(base_of(row->name), base_of(metrics->rows[i - 1].name))));
        }
        for (size_t i = 0; i < metrics->family_count; i++) {
            const struct metric_family *family = &metrics->families[i];
            is_named_well(metrics, family->name, family->help, family->type == METRIC_COUNTER);
        }
        for (size_t i = 0; i < metrics->latency_count; i++) {
            is_named_well(metrics, metrics->latencies[i].name, metrics->latencies[i].help, false);
            assert_true(ends_with(str_of(metrics->latencies[i].name), "_seconds"));
        }
    }
}

/* A head that came twice would be refused by whoever reads it. */
static void no_name_has_two_heads(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof programs / sizeof *programs; p++) {
        struct packer out = {0};
        struct readiness readiness = READINESS_STARTING;
        metrics_print(programs[p], &readiness, &out);
        pack_raw(&out, "", 1);
        for (const char *at = out.bytes.at; (at = strstr(at, "# TYPE ")) != NULL; at++) {
            char head[120];
            snprintf(head, sizeof head, "%.*s ", (int)strcspn(at + 7, " ") + 7, at);
            assert_null(strstr(at + 1, head));
        }
        vec_release(&out.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_says_its_program_and_its_kind),
        cmocka_unit_test(no_name_has_two_heads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
