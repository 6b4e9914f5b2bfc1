#include "lib/io/metrics.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/base/version.h"
#include "lib/io/process_metrics.h"

enum { LABELS_BYTES = 100 };

static const char *const type_names[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};

/* Upper bounds in µs, and as they are written. */
static const struct {
    int64_t most_us;
    const char *text;
} buckets[LATENCY_BUCKETS] = {
    {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},
    {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"}, {30000000, "30"}, {60000000, "60"},
};

__attribute__((format(printf, 2, 3))) static void put(struct packer *out, const char *format, ...)
{
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    CHECK(size > 0 && size < (int)sizeof line);
    pack_raw(out, line, (size_t)size);
}

static void put_head(struct packer *out, struct str name, const char *type, const char *help)
{
    put(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", STR_ARG(name), help, STR_ARG(name), type);
}

/* The name without its labels. */
static struct str base_of(const char *name)
{
    return (struct str){name, (uint32_t)strcspn(name, "{")};
}

static bool begins_name(const struct metrics *metrics, size_t i)
{
    return i == 0 || !str_equal(base_of(metrics->rows[i - 1].name), base_of(metrics->rows[i].name));
}

static void print_rows(const struct metrics *metrics, struct packer *out)
{
    for (size_t i = 0; i < metrics->row_count; i++) {
        const struct metric *row = &metrics->rows[i];
        if (begins_name(metrics, i))
            put_head(out, base_of(row->name), type_names[row->type], row->help);
        put(out, "%s %lld\n", row->name, (long long)metric_value(row));
    }
}

/* --- one row a partition --- */

static struct metric_cell *cell_of(struct metric_family *family, uint32_t partition)
{
    if (partition >= family->cells.count) {
        vec_reserve(&family->cells, partition + 1);
        memset(family->cells.at + family->cells.count, 0,
               (partition + 1 - family->cells.count) * sizeof *family->cells.at);
        family->cells.count = partition + 1;
    }
    family->cells.at[partition].is_set = true;
    return &family->cells.at[partition];
}

void metric_family_set(struct metric_family *family, uint32_t partition, int64_t value)
{
    CHECK(family->label == NULL);
    pthread_mutex_lock(&family->lock);
    cell_of(family, partition)->value = value;
    pthread_mutex_unlock(&family->lock);
}

void metric_family_say(struct metric_family *family, uint32_t partition, const char *word)
{
    CHECK(family->label != NULL);
    pthread_mutex_lock(&family->lock);
    cell_of(family, partition)->word = word;
    pthread_mutex_unlock(&family->lock);
}

void metric_family_drop(struct metric_family *family, uint32_t partition)
{
    pthread_mutex_lock(&family->lock);
    if (partition < family->cells.count)
        family->cells.at[partition] = (struct metric_cell){0};
    pthread_mutex_unlock(&family->lock);
}

void metric_family_release(struct metric_family *family)
{
    vec_release(&family->cells);
}

static void print_family(struct metric_family *family, struct packer *out)
{
    put_head(out, str_of(family->name), type_names[family->type], family->help);
    pthread_mutex_lock(&family->lock);
    for (uint32_t p = 0; p < family->cells.count; p++) {
        const struct metric_cell *cell = &family->cells.at[p];
        if (!cell->is_set)
            continue;
        if (family->label == NULL)
            put(out, "%s{partition=\"%u\"} %lld\n", family->name, p, (long long)cell->value);
        else
            put(out, "%s{partition=\"%u\",%s=\"%s\"} 1\n", family->name, p, family->label, cell->word);
    }
    pthread_mutex_unlock(&family->lock);
}

/* --- latencies --- */

void latency_observe(struct latency *latency, int64_t took_us)
{
    size_t bucket = 0;
    while (bucket < LATENCY_BUCKETS && took_us > buckets[bucket].most_us)
        bucket++;
    atomic_fetch_add_explicit(&latency->sum_us, took_us, memory_order_relaxed);
    atomic_fetch_add_explicit(&latency->counts[bucket], 1, memory_order_relaxed);
}

static void print_latency(const struct latency *latency, struct packer *out)
{
    int64_t count = 0;
    put_head(out, str_of(latency->name), "histogram", latency->help);
    for (size_t i = 0; i <= LATENCY_BUCKETS; i++) {
        count += atomic_load_explicit(&latency->counts[i], memory_order_relaxed);
        put(out, "%s_bucket{le=\"%s\"} %lld\n", latency->name, i < LATENCY_BUCKETS ? buckets[i].text : "+Inf",
            (long long)count);
    }
    int64_t sum_us = atomic_load_explicit(&latency->sum_us, memory_order_relaxed);
    put(out, "%s_sum %lld.%06lld\n", latency->name, (long long)(sum_us / SECOND_US),
        (long long)(sum_us % SECOND_US));
    put(out, "%s_count %lld\n", latency->name, (long long)count);
}

/* --- all of a process --- */

static void print_readiness(const char *program, struct readiness *readiness, struct packer *out)
{
    struct readiness_view view;
    readiness_view(readiness, &view);
    put(out,
        "# HELP hourglass_%s_ready Whether it does its work; /readyz says why not.\n"
        "# TYPE hourglass_%s_ready gauge\nhourglass_%s_ready %d\n",
        program, program, program, view.ready);
}

void metrics_print(const struct metrics *metrics, struct readiness *readiness, struct packer *out)
{
    print_rows(metrics, out);
    for (size_t i = 0; i < metrics->family_count; i++)
        print_family(&metrics->families[i], out);
    for (size_t i = 0; i < metrics->latency_count; i++)
        print_latency(&metrics->latencies[i], out);
    if (readiness != NULL)
        print_readiness(metrics->program, readiness, out);
    put_head(out, STR("hourglass_build_info"), "gauge", "Which program and release this is; always 1.");
    put(out, "hourglass_build_info{program=\"%s\",version=\"%s\"} 1\n", metrics->program, version_text());
    process_metrics_print(out);
}

/* --- docs --- */

void metric_labels(const char *name, char *out, size_t size)
{
    const char *at = name + strcspn(name, "{ ");
    size_t used = 0;
    while (*at == '{' || *at == ',') {
        int label = (int)strcspn(++at, "=");
        int wrote = snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "", label, at);
        CHECK(wrote > 0 && (size_t)wrote < size - used);
        used += (size_t)wrote;
        at = strchr(at + label + 2, '"'); /* the end of its value */
        CHECK(at != NULL);
        at++;
    }
    out[used] = 0;
}

void metrics_print_reference(const struct metrics *metrics, struct packer *out)
{
    put(out, "| name | labels | type | |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < metrics->row_count; i++) {
        const struct metric *row = &metrics->rows[i];
        if (!begins_name(metrics, i))
            continue;
        char labels[LABELS_BYTES];
        metric_labels(row->name, labels, sizeof labels);
        put(out, "| `%.*s` | %s | %s | %s |\n", STR_ARG(base_of(row->name)), labels, type_names[row->type],
            row->help);
    }
    for (size_t i = 0; i < metrics->family_count; i++) {
        const struct metric_family *family = &metrics->families[i];
        put(out, "| `%s` | partition%s%s | %s | %s |\n", family->name, family->label == NULL ? "" : ", ",
            family->label == NULL ? "" : family->label, type_names[family->type], family->help);
    }
    for (size_t i = 0; i < metrics->latency_count; i++)
        put(out, "| `%s` |  | histogram | %s |\n", metrics->latencies[i].name, metrics->latencies[i].help);
}
