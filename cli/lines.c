/* `hourglass lines`: the charge lines that stand in the database, printed as `rate` prints them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/line.h"
#include "lib/io/file.h"
#include "lib/io/pg.h"
#include "lib/io/pg_option.h"

enum { POLL_MS = 20, FETCH_ROWS = 5000 };

static struct {
    const char *database;
    const char *schema;
    int64_t wait_for_s;
    int64_t partitions;
    int64_t timeout_s;
} options;

static const struct option_row rows[] = {
    {"database", OPTION_TEXT, &options.database, NULL, 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
    {"schema", OPTION_TEXT, &options.schema, "hourglass", 0, 0, "where the tables stand"},
    {"wait-for", OPTION_NUMBER, &options.wait_for_s, "0", 0, INT64_MAX,
     "first wait until every partition is settled up to this second since 1970"},
    {"partitions", OPTION_NUMBER, &options.partitions, "0", 0, 4096, "how many that must be; 0: do not wait"},
    {"timeout", OPTION_NUMBER, &options.timeout_s, "120", 1, 86400, "seconds to wait without progress"},
};

/* How far the slowest partition is; what has moved at all is in *progress. False: the database failed. */
static bool settled_partitions(struct pg *pg, int64_t *settled, int64_t *progress)
{
    char until[32];
    snprintf(until, sizeof until, "%lld", (long long)options.wait_for_s);
    const char *const values[] = {until};
    PGresult *result =
        pg_query(pg,
                 "SELECT count(*) FILTER (WHERE closed_s >= $1::bigint), coalesce(sum(next_seq), 0)"
                 " FROM claim",
                 1, values);
    if (result == NULL)
        return false;
    *settled = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    *progress = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
    PQclear(result);
    return true;
}

/* The database may be restarted meanwhile: the connection is made again. False: no progress in time. */
static bool wait_for(struct pg **pg)
{
    struct error error;
    int64_t last_progress = -1;
    time_t moved = time(NULL);
    while (time(NULL) - moved < options.timeout_s) {
        int64_t settled = 0, progress = last_progress;
        if (*pg == NULL)
            *pg = pg_connect(options.database, options.schema, &error);
        if (*pg != NULL && !settled_partitions(*pg, &settled, &progress)) {
            pg_free(*pg);
            *pg = NULL;
        }
        if (settled >= options.partitions)
            return true;
        if (progress != last_progress)
            moved = time(NULL);
        last_progress = progress;
        nanosleep(&(struct timespec){0, POLL_MS * 1000000L}, NULL);
    }
    fprintf(stderr, "hourglass lines: not settled in time\n");
    pg_free(*pg);
    return false;
}

static struct str text_at(const PGresult *result, int row, int column)
{
    return (struct str){PQgetvalue(result, row, column), (uint32_t)PQgetlength(result, row, column)};
}

static void print_row(const PGresult *result, int row, struct packer *out)
{
    int64_t hour_us;
    CHECK(time_parse(text_at(result, row, 1), &hour_us));
    struct line line = {
        .account = text_at(result, row, 0),
        .hour_s = time_second(hour_us),
        .product = PQgetvalue(result, row, 2),
        .resource = text_at(result, row, 3),
        .meter = PQgetvalue(result, row, 4),
        .sku = text_at(result, row, 5),
        .kind = PQgetvalue(result, row, 6),
        .units = PQgetvalue(result, row, 7),
        .amount = PQgetisnull(result, row, 8) ? NULL : PQgetvalue(result, row, 8),
        .currency = PQgetvalue(result, row, 9),
    };
    line_print(SHEET_NDJSON, &line, out);
}

/* Whether there are lines in the schema; it asks for no right that a reader of the view does not have. */
static bool has_lines(struct pg *pg, struct error *error)
{
    PGresult *found = pg_query(pg, "SELECT to_regclass('lines') IS NOT NULL", 0, NULL);
    bool known = found != NULL, there = known && PQgetvalue(found, 0, 0)[0] == 't';
    PQclear(found);
    if (!known)
        *error = pg->error;
    else if (!there)
        error_set(error, ERROR_FATAL, options.schema,
                  "no such schema, or no lines in it: run hourglass db migrate");
    return there;
}

/* Sorted by bytes, read through a cursor: any number of lines in bounded memory. */
static bool print_lines(struct pg *pg, struct error *error)
{
    struct packer out = {0};
    char fetch[64];
    snprintf(fetch, sizeof fetch, "FETCH %d FROM l", FETCH_ROWS);
    bool good =
        pg_script(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY") &&
        pg_script(pg,
                  "DECLARE l CURSOR FOR SELECT account, to_char(hour AT TIME ZONE 'UTC',"
                  " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), product, resource, meter, sku, kind, units, amount,"
                  " currency FROM lines ORDER BY account COLLATE \"C\", hour,"
                  " product COLLATE \"C\", resource COLLATE \"C\", meter COLLATE \"C\", sku COLLATE \"C\","
                  " kind COLLATE \"C\"");
    for (int count = 1; good && count > 0;) {
        PGresult *result = pg_query(pg, fetch, 0, NULL);
        good = result != NULL;
        count = good ? PQntuples(result) : 0;
        for (int i = 0; i < count; i++)
            print_row(result, i, &out);
        PQclear(result);
        if (good && !file_write_all(STDOUT_FILENO, out.bytes.at, out.bytes.count)) {
            error_set(error, ERROR_RETRY, "standard output", strerror(errno));
            vec_release(&out.bytes);
            return false;
        }
        vec_clear(&out.bytes);
    }
    vec_release(&out.bytes);
    if (!good)
        *error = pg->error;
    return good;
}

static const struct option_page page = {
    .name = "hourglass lines",
    .summary = "Print the charge lines that stand in the database, as `hourglass rate` prints them.",
    .details = PG_PASSWORD_HELP,
    .example = "  PGPASSFILE=pgpass hourglass lines --database postgresql://reader@db/billing\n",
    .statuses =
        "0 printed; 75 the database cannot be reached, was not settled in time, or the output not written;\n"
        "78 there are no lines in that schema, or the database refuses who asks.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

static int run(void)
{
    struct error error;
    struct pg *pg = NULL;
    if (options.partitions > 0 && !wait_for(&pg))
        return EX_TEMPFAIL;
    if (pg == NULL)
        pg = pg_connect(options.database, options.schema, &error);
    bool good = pg != NULL && has_lines(pg, &error) && print_lines(pg, &error);
    pg_free(pg);
    if (good)
        return EX_OK;
    fprintf(stderr, "hourglass lines: %s\n", error.text);
    return error.class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
}

const struct command command_lines = {&page, run};
