#include "cli/stored.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/io/file.h"

enum { POLL_MS = 20, FETCH_ROWS = 5000 };

struct stored_options stored_options;

const struct option_row stored_option_rows[STORED_OPTIONS] = {
    {"database", OPTION_TEXT, &stored_options.database, NULL, 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
    {"schema", OPTION_TEXT, &stored_options.schema, "hourglass", 0, 0, "where the tables stand"},
    {"account", OPTION_TEXT, &stored_options.account, "", 0, 0, "only what is of this account",
     .value = "NAME"},
    {"format", OPTION_TEXT, &stored_options.format, "ndjson", 0, 0, "ndjson, csv or table", .value = "FORMAT",
     .words = sheet_formats},
    {"wait-for", OPTION_NUMBER, &stored_options.wait_for_s, "0", 0, INT64_MAX,
     "first wait until every partition is settled up to this second since 1970"},
    {"partitions", OPTION_NUMBER, &stored_options.partitions, "0", 0, 4096,
     "how many that must be; 0: do not wait"},
    {"timeout", OPTION_NUMBER, &stored_options.timeout_s, "120", 1, 86400,
     "seconds to wait without progress"},
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
static bool wait_for(struct pg **pg)
{
    const struct stored_options *options = &stored_options;
    struct error error;
    int64_t last_progress = -1;
    time_t moved = time(NULL);
    while (time(NULL) - moved < options->timeout_s) {
        int64_t settled = 0, progress = last_progress;
        if (*pg == NULL)
            *pg = pg_connect(options->database, options->schema, &error);
        if (*pg != NULL && !settled_partitions(*pg, options->wait_for_s, &settled, &progress)) {
            pg_free(*pg);
            *pg = NULL;
        }
        if (settled >= options->partitions)
            return true;
        if (progress != last_progress)
            moved = time(NULL);
        last_progress = progress;
        nanosleep(&(struct timespec){0, POLL_MS * 1000000L}, NULL);
    }
    pg_free(*pg);
    *pg = NULL;
    return false;
}

/* --- rows --- */

/* Whether it is in the schema; asks for no right that who reads it does not have. */
static bool is_there(struct pg *pg, const struct stored *stored, const char *schema, struct error *error)
{
    const char *const values[] = {stored->relation};
    PGresult *found = pg_query(pg, "SELECT to_regclass($1) IS NOT NULL", 1, values);
    bool known = found != NULL, there = known && PQgetvalue(found, 0, 0)[0] == 't';
    PQclear(found);
    if (!known) {
        *error = pg->error;
    } else if (!there) {
        char why[120];
        snprintf(why, sizeof why, "no such schema, or no %s in it: run hourglass db migrate",
                 stored->relation);
        error_set(error, ERROR_FATAL, schema, why);
    }
    return there;
}

/* Of a generation whose first catalog was not settled yet nothing is known, and there are no rows either. */
static bool read_style(struct pg *pg, struct report_style *style, char currency[8])
{
    PGresult *meta = pg_query(pg, "SELECT currency, charge_scale, bill_scale FROM meta", 0, NULL);
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

static bool write_out(struct packer *out, struct error *error)
{
    bool written = out->bytes.count == 0 || file_write_all(STDOUT_FILENO, out->bytes.at, out->bytes.count);
    if (!written)
        error_set(error, ERROR_RETRY, "standard output", strerror(errno));
    vec_clear(&out->bytes);
    return written;
}

/* The rows of the cursor, up to the last. */
static bool print_fetched(struct pg *pg, const struct stored *stored, const struct report_style *style,
                          struct packer *out, struct error *error)
{
    char fetch[64];
    snprintf(fetch, sizeof fetch, "FETCH %d FROM stored", FETCH_ROWS);
    for (int count = 1; count > 0;) {
        PGresult *rows = pg_query(pg, fetch, 0, NULL);
        if (rows == NULL) {
            *error = pg->error;
            return false;
        }
        count = PQntuples(rows);
        for (int i = 0; i < count; i++)
            stored->print(style, rows, i, out);
        PQclear(rows);
        if (!write_out(out, error))
            return false;
    }
    return true;
}

static bool print_rows(struct pg *pg, const struct stored *stored, struct error *error)
{
    const char *account = stored_options.account;
    char currency[8] = "";
    struct report_style style = {.format = sheet_format_of(stored_options.format)};
    struct packer sql = {0}, out = {0};
    const char *const values[] = {account[0] == 0 ? NULL : account};
    static const char declare[] = "DECLARE stored CURSOR FOR ";
    pack_raw(&sql, declare, strlen(declare));
    pack_raw(&sql, stored->sql, strlen(stored->sql) + 1);
    bool good = pg_script(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY") &&
                read_style(pg, &style, currency) && pg_do(pg, sql.bytes.at, 1, values, NULL);
    if (good) {
        stored->header(&style, &out);
        good = print_fetched(pg, stored, &style, &out, error);
    } else {
        *error = pg->error;
    }
    vec_release(&sql.bytes);
    vec_release(&out.bytes);
    return good;
}

int stored_print(const struct stored *stored)
{
    struct error error;
    struct pg *pg = NULL;
    if (stored_options.partitions > 0 && !wait_for(&pg)) {
        fprintf(stderr, "hourglass %s: not settled in time\n", stored->relation);
        return EX_TEMPFAIL;
    }
    if (pg == NULL)
        pg = pg_connect(stored_options.database, stored_options.schema, &error);
    bool good =
        pg != NULL && is_there(pg, stored, stored_options.schema, &error) && print_rows(pg, stored, &error);
    pg_free(pg);
    if (good)
        return EX_OK;
    fprintf(stderr, "hourglass %s: %s\n", stored->relation, error.text);
    return error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}
