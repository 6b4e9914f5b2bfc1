/* `hourglass spend`: what was spent, by product, sku, account, resource or meter, over time (CONTRACT §5). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/spend_chart.h"
#include "cli/spend_sql.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "lib/io/file.h"

enum { EXIT_NO_HOUR = 1, TOP_DEFAULT = 10, TOP_MOST = 1000000, MONTH_S = 28 * DAY_S };

static struct {
    const char *by, *every, *from, *to, *account, *format, *svg;
    int64_t top;
    bool bars, rose, forecast;
} options;

static const char not_said[] = "";

static const struct option_row rows[] = {
    {"by", OPTION_TEXT, &options.by, "product", 0, 0,
     "product, sku, account, resource (reads every line: name an account) or meter", .words = spend_by_words},
    {"every", OPTION_TEXT, &options.every, "total", 0, 0, "hour, day, month or total",
     .words = spend_every_words},
    {"from", OPTION_TEXT, &options.from, not_said, 0, 0,
     "as 2026-11-01T10:00:00Z, 2026-11-01 or 2026-11; none: the running month's beginning", .value = "TIME",
     .check = check_moment, .filled = true},
    {"to", OPTION_TEXT, &options.to, not_said, 0, 0,
     "up to, not including; none: the end of the month that --from lies in", .value = "TIME",
     .check = check_moment, .filled = true},
    {"account", OPTION_TEXT, &options.account, not_said, 0, 0, "of one account alone", .value = "ACCOUNT",
     .name_bytes = LIMIT_ID_BYTES},
    {"format", OPTION_TEXT, &options.format, "table", 0, 0, ASK_FORMATS_HELP, .value = "FORMAT",
     .words = ask_formats},
    {"top", OPTION_NUMBER, &options.top, "0", 0, TOP_MOST,
     "so many of the largest, all others as one; 0: all (with --rose: 10)", .value = "N"},
    {"bars", OPTION_SWITCH, &options.bars, "false", 0, 0,
     "bars in the table, which on a terminal has them anyway"},
    {"svg", OPTION_TEXT, &options.svg, not_said, 0, 0,
     "a chart too, into this file: of the eight largest, over the times of --every", .value = "FILE",
     .filled = true},
    {"rose", OPTION_SWITCH, &options.rose, "false", 0, 0,
     "who rose most against the span before, as long as this one up to the last complete hour"},
    {"forecast", OPTION_SWITCH, &options.forecast, "false", 0, 0,
     "the running month's end: what stands so far, and the hours left times the mean of the usage of the "
     "last 168 "
     "complete hours"},
    ASK_ROWS,
};

static const struct option_page page = {
    .name = "hourglass spend",
    .summary = "Print what was spent: by product, sku, account, resource or meter, over time.",
    .details =
        "Sums are exact. Hours from the last complete one on still grow; the table names it. Of a forecast\n"
        "hour_mean and forecast are rounded to the decimals of a charge, and subscriptions, refunds and "
        "voids\n"
        "are in what stands so far alone. A row of --top for all others has no names (null, "
        "empty).\n\n" PG_PASSWORD_HELP,
    .example =
        "  hourglass spend --every day --from 2026-11 --svg november.svg --database "
        "postgresql://reader@db/billing\n"
        "  hourglass spend --by account --top 10 --database postgresql://reader@db/billing\n"
        "  hourglass spend --by sku --account acme --forecast --database postgresql://reader@db/billing\n",
    .statuses = "0 printed; 1 a forecast is asked for and no hour is complete;\n" ASK_STATUSES,
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

struct span {
    int64_t from_s, to_s;
    char from[TIME_TEXT_SIZE];
    char to[TIME_TEXT_SIZE];
    char complete[TIME_TEXT_SIZE]; /* empty: no hour is complete */
};

/* --- which hours --- */

static const char *misuse(void)
{
    const char *why = options.from[0] != 0 ? check_moment(options.from) : NULL;
    if (why == NULL && options.to[0] != 0)
        why = check_moment(options.to);
    bool over_time = strcmp(options.every, "total") != 0;
    if (why == NULL && options.svg[0] != 0 && (!over_time || options.rose || options.forecast))
        why = "--svg needs --every hour, day or month";
    if (why == NULL && (options.rose || options.forecast) && over_time)
        why = "--rose and --forecast are of a whole span: without --every";
    if (why == NULL && options.rose && options.forecast)
        why = "--rose and --forecast are two questions";
    if (why == NULL && options.forecast && (options.from[0] != 0 || options.to[0] != 0))
        why = "--forecast is of the running month: without --from and --to";
    return why;
}

/* The last complete hour's end, and the first second of the month that runs then. */
static bool read_complete(struct ask *ask, struct span *span, int64_t *month_s)
{
    PGresult *result =
        ask_rows(ask,
                 "SELECT to_char(complete_before, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), extract(epoch FROM"
                 " date_trunc('month', coalesce(complete_before, now() AT TIME ZONE 'UTC')))::bigint FROM "
                 "hour_complete",
                 0, NULL);
    if (result == NULL)
        return false;
    snprintf(span->complete, sizeof span->complete, "%s", PQgetvalue(result, 0, 0));
    *month_s = strtoll(PQgetvalue(result, 0, 1), NULL, 10);
    PQclear(result);
    return true;
}

static bool read_span(struct ask *ask, struct span *span)
{
    if (!read_complete(ask, span, &span->from_s))
        return false;
    if (options.from[0] != 0)
        ask_moment(options.from, &span->from_s);
    span->to_s = time_add_months(time_month(span->from_s), 1);
    if (options.to[0] != 0)
        ask_moment(options.to, &span->to_s);
    time_print(span->from_s, span->from);
    time_print(span->to_s, span->to);
    /* Hours that still grow would make every rise look small. */
    bool grows = options.rose && span->complete[0] != 0 && strcmp(span->complete, span->to) < 0 &&
                 strcmp(span->from, span->complete) < 0;
    if (grows)
        memcpy(span->to, span->complete, sizeof span->to);
    return true;
}

static const char *misused_span(const struct span *span)
{
    if (span->from_s >= span->to_s)
        return "--to: expected a time after --from";
    int64_t each_s = strcmp(options.every, "hour") == 0  ? HOUR_S
                     : strcmp(options.every, "day") == 0 ? DAY_S
                                                         : MONTH_S;
    if (options.svg[0] != 0 && (span->to_s - span->from_s) / each_s > CHART_TIMES_MAX)
        return "--svg: too many times for a chart: expected a longer --every, or a shorter span";
    return NULL;
}

/* --- printing --- */

static bool is_table(void)
{
    return strcmp(options.format, "table") == 0;
}

static bool say_complete(struct ask *ask, const struct span *span)
{
    char text[200];
    struct packer out = {0};
    if (options.forecast)
        ask_put_text(
            &out, "\nforecast = so far + hours left x the mean hour of the last 168 complete ones (usage)\n");
    snprintf(text, sizeof text, "\n[%s, %s)%s; %s%s\n", span->from, span->to,
             options.rose ? " against the span before" : "",
             span->complete[0] == 0 ? "no hour is complete yet" : "complete before ", span->complete);
    ask_put_text(&out, text);
    bool good = ask_write(ask, &out);
    vec_release(&out.bytes);
    return good;
}

static bool print_rows(struct ask *ask, const struct span *span, const struct spend_question *question)
{
    struct column columns[SPEND_COLUMNS_MAX];
    struct packer sql = {0};
    uint32_t count = options.rose       ? spend_rose_sql(question, &sql, columns)
                     : options.forecast ? spend_forecast_sql(question, &sql, columns)
                                        : spend_rows_sql(question, &sql, columns);
    struct ask_printing printing = {
        .sheet = ask_sheet_of(options.format, columns, count),
        .sql = sql.bytes.at,
        .count = question->of_one_account ? 3 : 2,
        .values = (const char *const[]){span->from, span->to, options.account},
    };
    bool good = ask_print(ask, &printing) && (!is_table() || say_complete(ask, span));
    vec_release(&sql.bytes);
    return good;
}

static bool write_file(struct ask *ask, const struct packer *out)
{
    int fd = open(options.svg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0 && file_write_all(fd, out->bytes.at, out->bytes.count);
    good = (fd < 0 || close(fd) == 0) && good;
    if (!good)
        error_set(&ask->error, ERROR_RETRY, options.svg, strerror(errno));
    return good;
}

static bool draw(struct ask *ask, const struct span *span, const struct spend_question *question)
{
    struct packer sql = {0}, out = {0};
    spend_chart_sql(question, &sql);
    const char *const values[] = {span->from, span->to, options.account};
    PGresult *result = ask_rows(ask, sql.bytes.at, question->of_one_account ? 3 : 2, values);
    PGresult *meta = result == NULL ? NULL : ask_rows(ask, "SELECT currency FROM meta", 0, NULL);
    vec_release(&sql.bytes);
    bool good = meta != NULL;
    if (good) {
        char title[400];
        const char *currency = PQntuples(meta) == 0 ? "" : PQgetvalue(meta, 0, 0);
        snprintf(title, sizeof title, "%s by %s, each %s, %.10s to %.10s%s%.150s", currency, options.by,
                 options.every, span->from, span->to, options.account[0] == 0 ? "" : ", ", options.account);
        struct spend_chart chart = {title, currency, options.every, result};
        spend_chart_print(&chart, &out);
    }
    PQclear(meta);
    PQclear(result);
    good = good && write_file(ask, &out);
    vec_release(&out.bytes);
    return good;
}

static bool answer(struct ask *ask, const struct span *span)
{
    struct spend_question question = {
        .by = spend_by_of(options.by),
        .every = options.every,
        .of_one_account = options.account[0] != 0,
        .with_bars = is_table() && (options.bars || isatty(STDOUT_FILENO)),
        .top = options.rose && options.top == 0 ? TOP_DEFAULT : options.top,
    };
    return print_rows(ask, span, &question) && (options.svg[0] == 0 || draw(ask, span, &question));
}

static int run(void)
{
    const char *why = misuse();
    if (why != NULL)
        return options_misused(&page, why);
    struct ask ask;
    struct span span;
    int status = EX_OK;
    if (ask_begin(&ask, &ask_options, "spend") && read_span(&ask, &span)) {
        why = misused_span(&span);
        if (why != NULL) {
            status = options_misused(&page, why);
        } else if (options.forecast && span.complete[0] == 0) {
            fprintf(stderr, "hourglass spend: no hour is complete yet, so there is nothing to go by\n");
            status = EXIT_NO_HOUR;
        } else if (!answer(&ask, &span)) {
            status = EX_TEMPFAIL;
        }
    }
    return ask_end(&ask, &page, status);
}

const struct command command_spend = {&page, run};
