/* What a program says while it runs: one line an event on standard error, logfmt or JSON.
 *
 *     log_info("frame_sent", LOG_INT("partition", p), LOG_INT("seq", seq));
 *
 * Programs log; libraries return. Never a secret, never a customer's payload. Of one event at most a hundred
 * lines in ten seconds are written; the next one says how many were not (`suppressed`). A text that does not
 * fit the line is left out whole. Any thread may log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_field {
    const char *key;
    const char *text; /* NULL: the number */
    int64_t number;
};

#define LOG_INT(key, number) ((struct log_field){(key), NULL, (int64_t)(number)})
#define LOG_STR(key, text) ((struct log_field){(key), (text), 0})

void log_init(const char *program, bool json, enum log_level least);
/* `event` is kept: a literal. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

#define LOG_AT(level, event, ...)                                                                            \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__},                                     \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define log_info(event, ...) LOG_AT(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_warning(event, ...) LOG_AT(LOG_LEVEL_WARNING, event, __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_LEVEL_ERROR, event, __VA_ARGS__)
