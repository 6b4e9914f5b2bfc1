#include "lib/io/metrics.h"

#include <stdio.h>

static void put(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

/* Length of the name without its labels. */
static size_t base_size(const char *name)
{
    return strcspn(name, "{");
}

static bool same_base(const char *a, const char *b)
{
    return base_size(a) == base_size(b) && strncmp(a, b, base_size(a)) == 0;
}

void metrics_print(struct metric *metrics, size_t count, struct packer *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct metric *metric = &metrics[i];
        char line[512];
        int base = (int)base_size(metric->name);
        if (i == 0 || !same_base(metrics[i - 1].name, metric->name)) {
            snprintf(line, sizeof line, "# HELP %.*s %s\n# TYPE %.*s %s\n", base, metric->name, metric->help,
                     base, metric->name, metric->type == METRIC_COUNTER ? "counter" : "gauge");
            put(out, line);
        }
        snprintf(line, sizeof line, "%s %lld\n", metric->name, (long long)metric_value(metric));
        put(out, line);
    }
}
