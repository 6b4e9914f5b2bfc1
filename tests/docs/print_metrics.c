/* Prints docs/metrics.md from the tables of the three programs: build/tests/docs/print_metrics
 * >docs/metrics.md */
#include <stdio.h>
#include <string.h>

#include "aggregator/counters.h"
#include "collectors/counters.h"
#include "lib/base/check.h"
#include "settler/counters.h"

static const char common[] = "\n## Every program\n\n| name | labels | type | |\n| --- | --- | --- | --- |\n";
static const char head[] =
    "# Metrics\n\n"
    "`GET /metrics` on the admin port answers in Prometheus' text format. A name means one thing, whichever "
    "process says\n"
    "it. This page is printed from the programs' tables (`build/tests/docs/print_metrics`).\n";

/* What stands beside every table, read from the exposition of a program without one: a head of two lines,
 * HELP and TYPE, and a row with its labels. */
static void print_common(struct packer *out)
{
    struct packer said = {0};
    struct readiness readiness = READINESS_STARTING;
    metrics_print(&(struct metrics){.program = "PROGRAM"}, &readiness, &said);
    pack_raw(&said, "", 1);
    for (const char *at = said.bytes.at; *at != 0; at = strchr(at, '\n') + 1) {
        char name[80], help[200], type[20], labels[80] = "", row[320];
        if (sscanf(at, "# HELP %79s %199[^\n]\n# TYPE %*s %19s", name, help, type) != 3)
            continue;
        const char *sample = strchr(strchr(at, '\n') + 1, '\n') + 1;
        CHECK(strncmp(sample, name, strlen(name)) == 0);
        metric_labels(sample, labels, sizeof labels);
        int size = snprintf(row, sizeof row, "| `%s` | %s | %s | %s |\n", name, labels, type, help);
        CHECK(size > 0 && size < (int)sizeof row);
        pack_raw(out, row, (size_t)size);
    }
    vec_release(&said.bytes);
}

int main(void)
{
    const struct metrics *const programs[] = {&collector_all_metrics, &aggregator_all_metrics,
                                              &settler_all_metrics};
    struct packer out = {0};
    pack_raw(&out, head, sizeof head - 1);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        char title[40];
        int size = snprintf(title, sizeof title, "\n## hourglass-%s\n\n", programs[i]->program);
        pack_raw(&out, title, (size_t)size);
        metrics_print_reference(programs[i], &out);
    }
    pack_raw(&out, common, sizeof common - 1);
    print_common(&out);
    size_t written = fwrite(out.bytes.at, 1, out.bytes.count, stdout);
    bool good = written == out.bytes.count && fflush(stdout) == 0;
    vec_release(&out.bytes);
    return good ? 0 : 1;
}
