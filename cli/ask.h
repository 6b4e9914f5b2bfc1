/* What the commands that ask the database share: options, connection, times, and rows in five formats.
 *
 * All that one command prints is of one moment (one transaction, read only), sorted and summed by the
 * database in exact numerics; rows come through a cursor, so any number of them takes bounded memory. A
 * statement that takes longer than --timeout is given up. */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/sheet.h"
#include "lib/io/options.h"
#include "lib/io/pg.h"
#include "lib/io/pg_option.h"

struct ask_options {
    const char *database;
    const char *schema;
    int64_t timeout_s; /* of a statement; 0: none */
};

/* The command line is read into it by ASK_ROWS. */
extern struct ask_options ask_options;

#define ASK_ROWS                                                                                             \
    {"database",       OPTION_TEXT,    &ask_options.database,  NULL, 0, 0,                                   \
     PG_DATABASE_HELP, .value = "URL", .check = check_database},                                             \
        {"schema", OPTION_TEXT, &ask_options.schema, "hourglass", 0, 0, "where the tables stand"},           \
    {                                                                                                        \
        "timeout", OPTION_NUMBER, &ask_options.timeout_s, "60", 1, 3600,                                     \
            "seconds that one statement may take in the database"                                            \
    }

#define ASK_FORMATS_HELP                                                                                     \
    "table, csv, spreadsheet (csv, a ' before text that a spreadsheet would take for a formula), ndjson or " \
    "json"
#define ASK_STATUSES                                                                                         \
    "75 the database cannot be reached, took longer than --timeout, or the output was not written;\n"        \
    "78 that schema is not there or older than this binary, or the database refuses who asks."

/* --- SQL in common --- */

/* A sum of money as text: charge_scale decimals at least, beyond them none that are zero. `m` is meta. */
#define SQL_MONEY(x) "round(" x ", greatest(m.charge_scale, scale(trim_scale(" x "))))::text"
/* A timestamptz as text, as everywhere. */
#define SQL_TIME(x) "to_char(" x " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
/* A price as text: two decimals at least. */
#define SQL_PRICE(x) "round(" x ", greatest(2, scale(trim_scale(" x "))))::text"
/* Units of every `per` of the catalog (CONTRACT §3), and which one is usual for its meter. */
#define SQL_TOKENS(meter)                                                                                    \
    "('" meter "', 1::numeric, 'token', false), ('" meter "', 1e3, '1K tokens', false), ('" meter            \
    "', 1e6, '1M tokens', true)"
#define SQL_UNITS                                                                                            \
    "(VALUES ('runtime', 1::numeric, 'second', false), ('runtime', 60, 'minute', false),"                    \
    " ('runtime', 3600, 'hour', true), ('runtime', 86400, 'day', false),"                                    \
    " ('capacity', 3600e9, 'GB-hour', true), ('capacity', 3865470566400, 'GiB-hour', false),"                \
    " ('capacity', 86400e9, 'GB-day', false), ('capacity', 92771293593600, 'GiB-day', false),"               \
    " ('months', 1, 'month', true), ('months', 12, 'year', false),"                                          \
    " ('images', 1, 'image', true), ('images', 1e3, '1K images', false),"                                    \
    " ('images', 1e6, '1M images', false),"                                                                  \
    " " SQL_TOKENS("input_tokens") ", " SQL_TOKENS(                                                          \
        "cached_input_tokens") ","                                                                           \
                               " " SQL_TOKENS("cache_write_tokens") ", " SQL_TOKENS(                         \
                                   "output_tokens") ") u(meter, per, unit, usual)"

/* --- asking --- */

struct ask {
    struct pg *pg;
    struct error error; /* ERROR_NONE: nothing failed */
};

/* Connects and begins; the table or view `needs` has to be there. False: ask->error. */
__attribute__((warn_unused_result)) bool ask_begin(struct ask *ask, const struct ask_options *options,
                                                   const char *needs);
/* All rows of a statement; the caller clears them. NULL: ask->error. */
PGresult *ask_rows(struct ask *ask, const char *sql, int count, const char *const *values);
/* Statements whose rows nobody wants. */
__attribute__((warn_unused_result)) bool ask_do(struct ask *ask, const char *sql);
/* A cell of a result; null is CELL_NULL. */
struct str ask_cell(const PGresult *result, int row, int column);
/* Says on standard error what failed, if anything did, as the page's command; disconnects. The exit status:
 * `status` where nothing failed. */
int ask_end(struct ask *ask, const struct option_page *page, int status);

/* --- printing --- */

extern const char *const ask_formats[]; /* ended by NULL */

struct ask_sheet {
    struct sheet sheet;
    bool array;       /* NDJSON as one JSON array */
    bool spreadsheet; /* CSV whose texts are no formulas */
    bool begun;       /* an array's first row stands */
};

/* The sheet of one of ask_formats. */
struct ask_sheet ask_sheet_of(const char *format, const struct column *columns, uint32_t count);
void ask_put_header(struct ask_sheet *sheet, struct packer *out);
void ask_put_row(struct ask_sheet *sheet, const struct str *cells, struct packer *out);
void ask_put_end(struct ask_sheet *sheet, struct packer *out);
void ask_put_text(struct packer *out, const char *text);
/* A statement, and what takes its rows. */
struct ask_question {
    const char *sql;
    int count;
    const char *const *values;
    void (*take)(void *context, const PGresult *rows, int row, struct packer *out);
    void *context;
};
/* Streams its rows through a cursor: what `take` makes of them is written to standard output. False:
 * ask->error. */
__attribute__((warn_unused_result)) bool ask_each(struct ask *ask, const struct ask_question *question,
                                                  struct packer *out);
/* Writes what is there to standard output and clears it. */
__attribute__((warn_unused_result)) bool ask_write(struct ask *ask, struct packer *out);

/* A statement whose rows are those of a sheet. */
struct ask_printing {
    struct ask_sheet sheet;
    const char *sql; /* its columns are the sheet's; further ones are not printed */
    int count;
    const char *const *values;
    uint64_t rows; /* printed, once it is done */
};

/* Streams the statement's rows through a cursor into the sheet, header and end included. */
__attribute__((warn_unused_result)) bool ask_print(struct ask *ask, struct ask_printing *printing);

/* --- times --- */

/* RFC 3339, a day (2026-11-01) or a month (2026-11), which are their first second. False: none of them. */
bool ask_moment(const char *text, int64_t *second_s);
option_check check_moment;
/* The month of "2026-11". False: it is none. */
bool ask_month(const char *text, int64_t *first_s);
option_check check_month;
