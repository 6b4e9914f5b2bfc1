#include "lib/io/descriptors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

enum error_class descriptors_reserve(uint64_t need, const char *what, struct error *error)
{
    struct rlimit limit;
    char why[200];
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, ERROR_FATAL, "descriptors", strerror(errno));
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= need)
        return ERROR_NONE;
    if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= need) {
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? need : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
            return ERROR_NONE;
        return error_set(error, ERROR_FATAL, "descriptors", strerror(errno));
    }
    snprintf(
        why, sizeof why,
        "needs %llu descriptors, and the limit is %llu: raise it (ulimit -n, LimitNOFILE=), or ask for less",
        (unsigned long long)need, (unsigned long long)limit.rlim_max);
    return error_set(error, ERROR_FATAL, what, why);
}
