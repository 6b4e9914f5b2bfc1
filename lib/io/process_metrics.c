#include "lib/io/process_metrics.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { STAT_BYTES = 1024 };

static void put_metric(struct packer *out, const char *name, const char *type, const char *help,
                       const char *value)
{
    char lines[512];
    int size = snprintf(lines, sizeof lines, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, help, name, type,
                        name, value);
    pack_raw(out, lines, (size_t)size);
}

static void put_number(struct packer *out, const char *name, const char *help, long long value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", value);
    put_metric(out, name, "gauge", help, text);
}

static void put_cpu(struct packer *out)
{
    struct timespec used;
    char text[32];
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    snprintf(text, sizeof text, "%lld.%06ld", (long long)used.tv_sec, used.tv_nsec / 1000);
    put_metric(out, "process_cpu_seconds_total", "counter", "User and system CPU time.", text);
}

/* --- memory and start: /proc/self/stat (proc(5)) --- */

struct process_stat {
    unsigned long long start_ticks; /* since boot */
    unsigned long long virtual_bytes;
    long long resident_pages;
};

static bool read_stat(struct process_stat *out)
{
    char text[STAT_BYTES];
    FILE *file = fopen("/proc/self/stat", "re");
    if (file == NULL)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    /* The second field, the program's name, may hold anything; the third comes after its last parenthesis. */
    const char *rest = strrchr(text, ')');
    return rest != NULL &&
           sscanf(
               rest + 1,
               " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %lld",
               &out->start_ticks, &out->virtual_bytes, &out->resident_pages) == 3;
}

/* When it started, by the wall clock of the first time that it was asked: what has started does not start
 * again because a clock steps. */
static long long start_s(const struct process_stat *stat)
{
    static _Atomic long long first;
    struct timespec now, since_boot;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    long long none = 0, found = (long long)(now.tv_sec - since_boot.tv_sec) +
                                (long long)(stat->start_ticks / (unsigned long long)sysconf(_SC_CLK_TCK));
    atomic_compare_exchange_strong(&first, &none, found);
    return atomic_load(&first);
}

static void put_stat(struct packer *out)
{
    struct process_stat stat;
    if (!read_stat(&stat))
        return;
    put_number(out, "process_resident_memory_bytes", "Memory that it has in RAM.",
               stat.resident_pages * sysconf(_SC_PAGESIZE));
    put_number(out, "process_virtual_memory_bytes", "Memory that it has mapped.",
               (long long)stat.virtual_bytes);
    put_number(out, "process_start_time_seconds", "When it started, in seconds since 1970.", start_s(&stat));
}

/* --- descriptors --- */

static void put_descriptors(struct packer *out)
{
    struct rlimit limit;
    long long open = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
        open += entry->d_name[0] != '.';
    closedir(folder);
    put_number(out, "process_open_fds", "Open descriptors.", open - 1 /* the folder's own */);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        put_number(out, "process_max_fds", "Descriptors that it may have open.", (long long)limit.rlim_cur);
}

void process_metrics_print(struct packer *out)
{
    put_cpu(out);
    put_stat(out);
    put_descriptors(out);
}
