#include "cli/stored.h"

#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "lib/base/check.h"
#include "lib/domain/limits.h"

enum { POLL_MS = 20 };

struct stored_options stored_options;

const struct option_row stored_option_rows[STORED_OPTIONS] = {
    {"database", OPTION_TEXT, &stored_options.database, NULL, 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
    {"schema", OPTION_TEXT, &stored_options.schema, "hourglass", 0, 0, "where the tables stand"},
    {"account", OPTION_TEXT, &stored_options.account, "", 0, 0, "only what is of this account",
     .value = "NAME", .name_bytes = LIMIT_ID_BYTES},
    {"format", OPTION_TEXT, &stored_options.format, "ndjson", 0, 0, "ndjson, csv or table", .value = "FORMAT",
     .words = sheet_formats},
    {"wait-for", OPTION_NUMBER, &stored_options.wait_for_s, "0", 0, INT64_MAX,
     "first wait until every partition is settled up to this second since 1970"},
    {"partitions", OPTION_NUMBER, &stored_options.partitions, "0", 0, 4096,
     "how many that must be; 0: do not wait"},
    {"timeout", OPTION_NUMBER, &stored_options.timeout_s, "120", 1, 86400,
     "seconds to wait without progress, or for a table that is locked"},
};

/* --- cells --- */

struct str stored_text(const PGresult *rows, int row, int column)
{
    return (struct str){PQgetvalue(rows, row, column), (uint32_t)PQgetlength(rows, row, column)};
}

int64_t stored_number(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

struct amount stored_amount(const PGresult *rows, int row, int column)
{
    struct str text = stored_text(rows, row, column);
    struct amount amount;
    CHECK(amount_read(text.at, text.size, REPORT_SCALE, &amount));
    return amount;
}

/* --- waiting --- */

/* How far the slowest partition is; what has moved at all is in *progress. False: the database failed. */
static bool settled_partitions(struct pg *pg, int64_t until_s, int64_t *settled, int64_t *progress)
{
    char until[32];
    snprintf(until, sizeof until, "%lld", (long long)until_s);
    const char *const values[] = {until};
    PGresult *result =
        pg_query(pg,
                 "SELECT count(*) FILTER (WHERE closed_s >= $1::bigint), coalesce(sum(next_seq), 0)"
                 " FROM claim",
                 1, values);
    if (result == NULL)
        return false;
    *settled = stored_number(result, 0, 0);
    *progress = stored_number(result, 0, 1);
    PQclear(result);
    return true;
}

/* The database may be restarted meanwhile: the connection is made again. False: no progress in time. */
static bool wait_for(void)
{
    const struct stored_options *options = &stored_options;
    struct error error;
    struct pg *pg = NULL;
    int64_t settled = -1, last_progress = -1;
    time_t moved = time(NULL);
    while (settled < options->partitions && time(NULL) - moved < options->timeout_s) {
        int64_t progress = last_progress;
        if (pg == NULL)
            pg = pg_connect(options->database, options->schema, &error);
        if (pg != NULL && !settled_partitions(pg, options->wait_for_s, &settled, &progress)) {
            pg_free(pg);
            pg = NULL;
        }
        if (progress != last_progress)
            moved = time(NULL);
        last_progress = progress;
        if (settled < options->partitions)
            nanosleep(&(struct timespec){0, POLL_MS * 1000000L}, NULL);
    }
    pg_free(pg);
    return settled >= options->partitions;
}

/* --- rows --- */

/* Of a generation whose first catalog was not settled yet nothing is known, and there are no rows either. */
static bool read_style(struct ask *ask, struct report_style *style, char currency[8])
{
    PGresult *meta = ask_rows(ask, "SELECT currency, charge_scale, bill_scale FROM meta", 0, NULL);
    if (meta == NULL)
        return false;
    style->currency = currency;
    if (PQntuples(meta) > 0) {
        snprintf(currency, 8, "%s", PQgetvalue(meta, 0, 0));
        style->charge_scale = (uint32_t)stored_number(meta, 0, 1);
        style->bill_scale = (uint32_t)stored_number(meta, 0, 2);
    }
    PQclear(meta);
    return true;
}

struct printing {
    const struct stored *stored;
    struct report_style style;
};

static void print_row(void *context, const PGresult *rows, int row, struct packer *out)
{
    const struct printing *printing = context;
    printing->stored->print(&printing->style, rows, row, out);
}

static bool print_rows(struct ask *ask, const struct stored *stored)
{
    const char *account = stored_options.account;
    char currency[8] = "";
    struct printing printing = {stored, {.format = sheet_format_of(stored_options.format)}};
    struct packer out = {0};
    const char *const values[] = {account[0] == 0 ? NULL : account};
    const struct ask_question question = {stored->sql, 1, values, print_row, &printing};
    if (!read_style(ask, &printing.style, currency))
        return false;
    stored->header(&printing.style, &out);
    bool good = ask_each(ask, &question, &out);
    vec_release(&out.bytes);
    return good;
}

int stored_print(const struct stored *stored, const struct option_page *page)
{
    const struct ask_options options = {stored_options.database, stored_options.schema, 0};
    char locked[64];
    snprintf(locked, sizeof locked, "SET LOCAL lock_timeout = '%llds'", (long long)stored_options.timeout_s);
    struct ask ask;
    if (stored_options.partitions > 0 && !wait_for()) {
        fprintf(stderr, "%s: not settled in time\n", page->name);
        return EX_TEMPFAIL;
    }
    bool good =
        ask_begin(&ask, &options, stored->relation) && ask_do(&ask, locked) && print_rows(&ask, stored);
    return ask_end(&ask, page, good ? EX_OK : EX_TEMPFAIL);
}
