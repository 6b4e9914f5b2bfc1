/* The statements of `hourglass spend`, put together out of what is asked for.
 *
 * Parameters: $1 and $2 the span [from, to), $3 the account where there is one. Sums are those of view
 * `spend`; of single resources, of `lines`. */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/sheet.h"

enum { SPEND_KEYS_MAX = 3, SPEND_COLUMNS_MAX = SPEND_KEYS_MAX + 7 };

/* What spend is told apart by. */
struct spend_by {
    const char *word;
    const char *keys[SPEND_KEYS_MAX + 1]; /* columns, ended by NULL */
    bool units;                           /* they can be summed: all of one meter */
};

struct spend_question {
    const struct spend_by *by;
    const char *every;   /* hour, day, month or total */
    bool of_one_account; /* $3 */
    bool with_bars;
    int64_t top; /* so many of the largest, the others as one row of nulls; 0: all */
};

extern const char *const spend_by_words[], *const spend_every_words[]; /* ended by NULL */
const struct spend_by *spend_by_of(const char *word);

/* Each gives the statement, NUL-terminated, in *sql, and its columns; how many columns. */
uint32_t spend_rows_sql(const struct spend_question *question, struct packer *sql,
                        struct column columns[SPEND_COLUMNS_MAX]);
/* Who rose most against the span before of the same length; $1 and $2 are the span. */
uint32_t spend_rose_sql(const struct spend_question *question, struct packer *sql,
                        struct column columns[SPEND_COLUMNS_MAX]);
/* The month's end; $1 and $2 are the month, the last complete hour lies in it or before it. */
uint32_t spend_forecast_sql(const struct spend_question *question, struct packer *sql,
                            struct column columns[SPEND_COLUMNS_MAX]);
/* What a chart is drawn of (cli/spend_chart.h says the columns). */
void spend_chart_sql(const struct spend_question *question, struct packer *sql);
