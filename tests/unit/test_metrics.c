/* The exposition: a head once for each name, a line for each row, partition and bucket. */
#include <stdio.h>
#include <time.h>

#include "lib/base/version.h"
#include "lib/io/metrics.h"
#include "tests/support/test.h"

static char *printed(const struct metrics *metrics, struct readiness *readiness)
{
    struct packer out = {0};
    metrics_print(metrics, readiness, &out);
    pack_raw(&out, "", 1);
    return out.bytes.at;
}

static void begins_with(const struct metrics *metrics, const char *expected)
{
    char *text = printed(metrics, NULL);
    assert_in_range(strlen(expected), 0, strlen(text));
    text[strlen(expected)] = 0;
    assert_string_equal(text, expected);
    free(text);
}

static void has_line(const struct metrics *metrics, struct readiness *readiness, const char *line)
{
    char *text = printed(metrics, readiness);
    const char *at = strstr(text, line);
    assert_non_null(at);
    assert_true(at == text || at[-1] == '\n');
    assert_int_equal(at[strlen(line)], '\n');
    free(text);
}

static void rows_of_one_name_share_a_head(void **state)
{
    (void)state;
    struct metric rows[] = {
        {"events_total{outcome=\"good\"}", METRIC_COUNTER, "Events.", 0},
        {"events_total{outcome=\"bad\"}", METRIC_COUNTER, "", 0},
        {"events", METRIC_GAUGE, "Now.", 0},
    };
    metric_add(&rows[0], 2);
    metric_add(&rows[0], 3);
    metric_set(&rows[2], -1);
    begins_with(&(struct metrics){.program = "collector", .rows = rows, .row_count = 3},
                "# HELP events_total Events.\n# TYPE events_total counter\n"
                "events_total{outcome=\"good\"} 5\nevents_total{outcome=\"bad\"} 0\n"
                "# HELP events Now.\n# TYPE events gauge\nevents -1\n");
}

static void a_family_has_a_row_for_each_partition_that_is_held(void **state)
{
    (void)state;
    struct metric_family families[] = {
        METRIC_FAMILY("lag_records", METRIC_GAUGE, "Lag."),
        METRIC_WORDS("state", "What it does.", "state"),
    };
    struct metrics metrics = {.program = "settler", .families = families, .family_count = 2};
    begins_with(&metrics, "# HELP lag_records Lag.\n# TYPE lag_records gauge\n"
                          "# HELP state What it does.\n# TYPE state gauge\n");
    metric_family_set(&families[0], 7, 70);
    metric_family_set(&families[0], 2, 20);
    metric_family_set(&families[0], 300, 1);
    metric_family_say(&families[1], 2, "claiming");
    metric_family_say(&families[1], 2, "settling");
    metric_family_drop(&families[0], 300);
    metric_family_drop(&families[0], 4000);
    begins_with(&metrics, "# HELP lag_records Lag.\n# TYPE lag_records gauge\n"
                          "lag_records{partition=\"2\"} 20\nlag_records{partition=\"7\"} 70\n"
                          "# HELP state What it does.\n# TYPE state gauge\n"
                          "state{partition=\"2\",state=\"settling\"} 1\n");
    metric_family_drop(&families[0], 2);
    metric_family_set(&families[0], 2, 5);
    has_line(&metrics, NULL, "lag_records{partition=\"2\"} 5");
    for (size_t i = 0; i < 2; i++)
        metric_family_release(&families[i]);
}

static void a_latency_counts_into_the_first_bucket_that_holds_it_and_all_after(void **state)
{
    (void)state;
    struct latency latency = {.name = "took_seconds", .help = "Took."};
    static const int64_t took_us[] = {0, 1000, 1001, 60000000, 60000001, 3000000000};
    for (size_t i = 0; i < sizeof took_us / sizeof *took_us; i++)
        latency_observe(&latency, took_us[i]);
    begins_with(&(struct metrics){.program = "collector", .latencies = &latency, .latency_count = 1},
                "# HELP took_seconds Took.\n# TYPE took_seconds histogram\n"
                "took_seconds_bucket{le=\"0.001\"} 2\ntook_seconds_bucket{le=\"0.0025\"} 3\n"
                "took_seconds_bucket{le=\"0.005\"} 3\ntook_seconds_bucket{le=\"0.01\"} 3\n"
                "took_seconds_bucket{le=\"0.025\"} 3\ntook_seconds_bucket{le=\"0.05\"} 3\n"
                "took_seconds_bucket{le=\"0.1\"} 3\ntook_seconds_bucket{le=\"0.25\"} 3\n"
                "took_seconds_bucket{le=\"0.5\"} 3\ntook_seconds_bucket{le=\"1\"} 3\n"
                "took_seconds_bucket{le=\"2.5\"} 3\ntook_seconds_bucket{le=\"5\"} 3\n"
                "took_seconds_bucket{le=\"10\"} 3\ntook_seconds_bucket{le=\"30\"} 3\n"
                "took_seconds_bucket{le=\"60\"} 4\ntook_seconds_bucket{le=\"+Inf\"} 6\n"
                "took_seconds_sum 3120.002002\ntook_seconds_count 6\n");
}

static void the_program_and_its_release_are_said(void **state)
{
    (void)state;
    char line[100];
    snprintf(line, sizeof line, "hourglass_build_info{program=\"settler\",version=\"%s\"} 1", version_text());
    has_line(&(struct metrics){.program = "settler"}, NULL, line);
    assert_true(version_text()[0] >= '0' && version_text()[0] <= '9');
}

static void readiness_is_a_gauge_of_the_program(void **state)
{
    (void)state;
    struct readiness readiness;
    struct metrics metrics = {.program = "settler"};
    readiness_init(&readiness);
    has_line(&metrics, &readiness, "hourglass_settler_ready 0");
    readiness_set_ready(&readiness);
    has_line(&metrics, &readiness, "hourglass_settler_ready 1");
    readiness_release(&readiness);
}

static void the_process_says_what_it_takes(void **state)
{
    (void)state;
    struct metrics metrics = {.program = "settler"};
    static const char *const names[] = {"process_cpu_seconds_total",
                                        "process_resident_memory_bytes",
                                        "process_virtual_memory_bytes",
                                        "process_open_fds",
                                        "process_max_fds",
                                        "process_start_time_seconds"};
    char *text = printed(&metrics, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[80];
        snprintf(line, sizeof line, "\n%s ", names[i]);
        const char *at = strstr(text, line);
        assert_non_null(at);
        assert_true(strtod(at + strlen(line), NULL) > 0);
    }
    /* Started within the last hour, whatever the clock of boot says. */
    double started = strtod(strstr(text, "\nprocess_start_time_seconds ") + 28, NULL);
    assert_true(started > (double)time(NULL) - 3600 && started <= (double)time(NULL) + 1);
    free(text);
}

static void the_reference_names_each_once_with_its_labels(void **state)
{
    (void)state;
    struct metric rows[] = {
        {"events_total{outcome=\"good\",why=\"a\"}", METRIC_COUNTER, "Events.", 0},
        {"events_total{outcome=\"bad\",why=\"\"}", METRIC_COUNTER, "", 0},
        {"events", METRIC_GAUGE, "Now.", 0},
    };
    struct metric_family families[] = {METRIC_WORDS("state", "What it does.", "state")};
    struct latency latency = {.name = "took_seconds", .help = "Took."};
    struct packer out = {0};
    metrics_print_reference(&(struct metrics){"x", rows, 3, families, 1, &latency, 1}, &out);
    pack_raw(&out, "", 1);
    assert_string_equal(out.bytes.at, "| name | labels | type | |\n| --- | --- | --- | --- |\n"
                                      "| `events_total` | outcome, why | counter | Events. |\n"
                                      "| `events` |  | gauge | Now. |\n"
                                      "| `state` | partition, state | gauge | What it does. |\n"
                                      "| `took_seconds` |  | histogram | Took. |\n");
    vec_release(&out.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_one_name_share_a_head),
        cmocka_unit_test(a_family_has_a_row_for_each_partition_that_is_held),
        cmocka_unit_test(a_latency_counts_into_the_first_bucket_that_holds_it_and_all_after),
        cmocka_unit_test(the_program_and_its_release_are_said),
        cmocka_unit_test(readiness_is_a_gauge_of_the_program),
        cmocka_unit_test(the_process_says_what_it_takes),
        cmocka_unit_test(the_reference_names_each_once_with_its_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
