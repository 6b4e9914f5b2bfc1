/* Assertions that stay on in production: a wrong bill is worse than a stopped partition. */
#pragma once

#include <stdlib.h>

/* Prints what was expected and aborts; never returns. */
__attribute__((noreturn)) void check_failed(const char *condition, const char *file, int line);

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (__builtin_expect(!(condition), 0))                                                               \
            check_failed(#condition, __FILE__, __LINE__);                                                    \
    } while (0)

/* A place that is never reached: what came there is none of the kinds that are known. */
#define CHECK_NEVER(expected) check_failed("expected " expected, __FILE__, __LINE__)
