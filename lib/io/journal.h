/* What a program says while it runs: one line an event on standard error, logfmt or JSON.
 *
 *     journal_info("frame_sent", JOURNAL_INT("partition", p), JOURNAL_INT("seq", seq));
 *
 * Programs log; libraries return. Never a secret, never a customer's payload. Of one event at most a hundred
 * lines in ten seconds are written; the next one says how many were not (`suppressed`). A text that does not
 * fit the line is left out whole. Any thread may log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum journal_level { JOURNAL_LEVEL_DEBUG, JOURNAL_LEVEL_INFO, JOURNAL_LEVEL_WARNING, JOURNAL_LEVEL_ERROR };

struct journal_field {
    const char *key;
    const char *text; /* NULL: the number */
    int64_t number;
};

#define JOURNAL_INT(key, number) ((struct journal_field){(key), NULL, (int64_t)(number)})
#define JOURNAL_STR(key, text) ((struct journal_field){(key), (text), 0})

void journal_init(const char *program, bool json, enum journal_level least);
/* `event` is kept: a literal. */
void journal_write(enum journal_level level, const char *event, const struct journal_field *fields,
                   size_t count);

#define JOURNAL_AT(level, event, ...)                                                                        \
    journal_write((level), (event), (const struct journal_field[]){__VA_ARGS__},                             \
                  sizeof((const struct journal_field[]){__VA_ARGS__}) / sizeof(struct journal_field))
#define journal_info(event, ...) JOURNAL_AT(JOURNAL_LEVEL_INFO, event, __VA_ARGS__)
#define journal_warning(event, ...) JOURNAL_AT(JOURNAL_LEVEL_WARNING, event, __VA_ARGS__)
#define journal_error(event, ...) JOURNAL_AT(JOURNAL_LEVEL_ERROR, event, __VA_ARGS__)
