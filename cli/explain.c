/* `hourglass explain`: how a line of an hour came about, from its rows back to its events, and its charge
 * again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/command.h"
#include "cli/explain_events.h"
#include "cli/explain_print.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "lib/domain/topics.h"
#include "lib/io/kafka_log.h"
#include "lib/io/pg_option.h"
#include "lib/io/process.h"
#include "lib/io/progress.h"
#include "lib/run/value_checks.h"
#include "settler/store/pg/pg_store.h"

enum { EXIT_DIFFERS = 1, KAFKA_LIMIT_MS = 30000, AHEAD_S = 15 * MINUTE_S };

static struct {
    const char *account;
    const char *hour;
    const char *resource;
    const char *meter;
    const char *product;
    const char *sku;
    const char *kind;
    const char *database;
    const char *schema;
    const char *kafka;
    const char *prefix;
} options;

static const struct option_row rows[] = {
    {"account", OPTION_TEXT, &options.account, NULL, 0, 0, "whose line it is", .value = "ACCOUNT",
     .argument = true, .name_bytes = LIMIT_ID_BYTES},
    {"hour", OPTION_TEXT, &options.hour, NULL, 0, 0, "as the line has it: 2026-11-01T10:00:00Z",
     .value = "HOUR", .argument = true},
    {"resource", OPTION_TEXT, &options.resource, NULL, 0, 0,
     "its resource; * for storage; of an order's lines the order", .value = "RESOURCE", .argument = true,
     .name_bytes = LIMIT_NAME_BYTES},
    {"meter", OPTION_TEXT, &options.meter, NULL, 0, 0,
     "its meter: runtime, capacity, input_tokens, months, ...", .value = "METER", .argument = true,
     .name_bytes = LIMIT_NAME_BYTES},
    {"product", OPTION_TEXT, &options.product, "", 0, 0, "of several such lines, that of this product alone",
     .name_bytes = LIMIT_NAME_BYTES},
    {"sku", OPTION_TEXT, &options.sku, "", 0, 0, "that of this sku alone", .name_bytes = LIMIT_NAME_BYTES},
    {"kind", OPTION_TEXT, &options.kind, "", 0, 0,
     "that of this kind alone: usage, subscription, refund or void", .name_bytes = LIMIT_NAME_BYTES},
    {"database", OPTION_TEXT, &options.database, NULL, 0, 0, PG_DATABASE_HELP, .value = "URL",
     .check = check_database},
    {"schema", OPTION_TEXT, &options.schema, "hourglass", 0, 0, "where the tables stand"},
    {"kafka", OPTION_TEXT, &options.kafka, "", 0, 0,
     "bootstrap servers, HOST:PORT,...; none: the events of the log are left out", .value = "SERVERS",
     .check = check_servers},
    {"prefix", OPTION_TEXT, &options.prefix, "", 0, 0, "before each topic's name", .check = check_prefix},
};

static const struct option_page page = {
    .name = "hourglass explain",
    .summary = "Explain a charge line: its rows, its seconds, the formula, its events; and rate it again.",
    .details = "Prints the settled rows and what each changed, with the frame and its log time; the seconds "
               "with quantity,\n"
               "order, what is covered or free and the price (of a count the sums by price); the formula; "
               "the facts of the\n"
               "orders in it; and the events in the log that it came from, each with its place. Of what ran "
               "when the hour\n"
               "began, the events are those since it began, which is found in the hours before. The last "
               "line says what the\n"
               "settler's rating makes of it now, and what is stored.\n"
               "\n" PG_PASSWORD_HELP,
    .example = "  hourglass explain acme 2026-11-01T10:00:00Z c1 runtime --kafka 127.0.0.1:9092 \\\n"
               "      --database postgresql://reader@db/billing\n",
    .statuses =
        "0 recomputed and stored agree; 1 they do not; 64 the command line cannot be read; 66 there is no\n"
        "such line; 74 standard output cannot be written; 75 the database or Kafka cannot be reached, or "
        "told\n"
        "to stop; 78 the schema is not this program's, or the database refuses who asks.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
};

struct explain {
    struct store *store;
    struct log *log; /* NULL: not asked for */
    struct topics topics;
    int64_t hour_s;
    bool differs;
};

/* --- one line --- */

/* What the rows say, one after another. */
struct tally {
    uint32_t scale;
    bool bad; /* a decimal is none, of these decimals */
    struct settled last;
    struct amount sum;
    int64_t seq;         /* of the last row's frame; INT64_MAX: table frames does not have it, */
    int64_t next_offset; /* and what it says */
};

static void take_row(void *context, const struct history_row *row)
{
    struct tally *tally = context;
    const struct settled_table_row *of = &row->row;
    struct amount change;
    explain_print_row(row);
    tally->last = (struct settled){.ever = true, .exists = of->exists, .priced = of->priced};
    bool good = u128_parse(of->units.at, of->units.size, &tally->last.units) &&
                amount_read(of->total.at, of->total.size, tally->scale, &tally->last.total) &&
                amount_read(of->amount.at, of->amount.size, tally->scale, &change);
    tally->bad = tally->bad || !good;
    if (good)
        tally->sum = amount_add(&tally->sum, &change);
    tally->seq = row->framed ? (int64_t)of->seq : INT64_MAX;
    tally->next_offset = row->framed ? row->next_offset : INT64_MAX;
}

static bool same(const struct settled *a, const struct settled *b)
{
    return a->exists == b->exists && a->priced == b->priced && a->units == b->units &&
           amount_equal(&a->total, &b->total);
}

/* The last line. False: something differs. */
static bool print_verdict(const struct explained *of, const struct settled *again, const struct tally *tally)
{
    char now[AMOUNT_TEXT_SIZE], stored[AMOUNT_TEXT_SIZE], sum[AMOUNT_TEXT_SIZE];
    char units[2][40];
    uint32_t scale = prices_charge_scale(&of->settlement.book.prices);
    explain_amount_text(again, scale, now);
    explain_amount_text(&tally->last, scale, stored);
    amount_print(&tally->sum, scale, sum);
    u128_print(again->units, units[0]);
    u128_print(tally->last.units, units[1]);
    printf("\n");
    bool adds_up = amount_equal(&tally->sum, &tally->last.total);
    if (adds_up && same(again, &tally->last) && !tally->bad && !of->bad) {
        printf("recomputed %s = stored %s\n", now, stored);
        return true;
    }
    if (of->bad)
        printf("the usage that is stored is none: ");
    else if (tally->bad)
        printf("a number that is stored has other decimals than a charge: ");
    else if (!adds_up)
        printf("the rows' changes add up to %s, the last total is not that: ", sum);
    else if (again->units != tally->last.units)
        printf("units are %s, stored %s: ", units[0], units[1]);
    printf("recomputed %s, stored %s\n", now, stored);
    return false;
}

static struct explain_wanted wanted_of(const struct explain *explain, const struct explained *of,
                                       const struct history_line *line)
{
    const struct line_key *key = explained_key(of);
    int64_t liveness_s =
        key->product == PRODUCT_NONE
            ? 0
            : catalog_liveness_s(prices_at(&of->settlement.book.prices, explain->hour_s), key->product);
    return (struct explain_wanted){
        .account = line->names.account,
        .resource = line->names.resource,
        .sku = line->names.sku,
        .product = line->names.product,
        .meter = line->names.meter,
        .of_order = line->names.kind != CHARGE_USAGE,
        .to_us = (explain->hour_s + HOUR_S) * SECOND_US,
        .hour_us = explain->hour_s * SECOND_US,
        .signs_from_us = (explain->hour_s - liveness_s) * SECOND_US,
        .topic = explain->topics.records,
        .partition = line->partition,
    };
}

/* The first time of an event of the order. */
static int64_t first_fact_s(const struct explained *of)
{
    const struct book *book = &of->settlement.book;
    const struct line_key *key = explained_key(of);
    uint32_t at = book_find_order(book, key->account, key->resource);
    int64_t first_s = explained_hour(of)->hour_s;
    for (uint32_t i = 0; at != UINT32_MAX && i < book->orders.at[at].facts.count; i++) {
        int64_t time_s = time_second(book->orders.at[at].facts.at[i].time_us);
        first_s = time_s < first_s ? time_s : first_s;
    }
    return first_s;
}

/* No event is more than five minutes ahead of log time (CONTRACT §2.3). */
static enum error_class print_events(struct explain *explain, const struct explained *of,
                                     const struct history_line *line, const struct tally *tally,
                                     struct error *error)
{
    struct explain_wanted wanted = wanted_of(explain, of, line);
    struct read_source source = {explain->log, process_host(), KAFKA_LIMIT_MS};
    int64_t began_s = explain->hour_s;
    enum error_class class = ERROR_NONE;
    if (wanted.of_order)
        began_s = first_fact_s(of);
    else
        class = explained_began(of, explain->store, &began_s, error);
    if (class != ERROR_NONE)
        return class;
    if (!wanted.of_order && began_s < explain->hour_s) {
        char began[TIME_TEXT_SIZE];
        time_print(began_s, began);
        printf("\nwhat the hour began with began %s\n", began);
    }
    wanted.from_us = began_s * SECOND_US;
    struct history_offsets offsets = {.since_us = wanted.from_us - AHEAD_S * (int64_t)SECOND_US,
                                      .seq = tally->seq,
                                      .next_offset = tally->next_offset};
    class = history_read_offsets(explain->store, line->partition, &offsets, error);
    wanted.from = offsets.from;
    wanted.to = offsets.to;
    if (class != ERROR_NONE || explain->log == NULL)
        return class;
    return explain_print_events(&wanted, &source, error);
}

static enum error_class explain_line(struct explain *explain, const struct history_line *line,
                                     struct error *error)
{
    struct explained of = {0};
    struct tally tally = {.sum = amount_zero(), .seq = INT64_MAX, .next_offset = INT64_MAX};
    explain_print_head(line, explain->hour_s);
    enum error_class class = explained_load(&of, explain->store, line, explain->hour_s, error);
    if (class == ERROR_NONE) {
        tally.scale = prices_charge_scale(&of.settlement.book.prices);
        class = history_read_rows(explain->store, line, explain->hour_s, take_row, &tally, error);
    }
    if (class == ERROR_NONE) {
        struct settled again = explained_rate(&of);
        if (line->names.kind == CHARGE_USAGE)
            explain_print_usage(&of);
        else
            explain_print_order_line(&of);
        class = print_events(explain, &of, line, &tally, error);
        bool agree = class != ERROR_NONE || print_verdict(&of, &again, &tally);
        if (!agree && of.claim.under_way)
            class = error_set(error, ERROR_RETRY, "a frame of the partition is settled in part", "ask again");
        explain->differs = explain->differs || !agree;
    }
    explained_release(&of);
    return class;
}

/* --- all lines that were asked for --- */

/* Their skus are their own. */
struct found {
    VEC(struct history_line) list;
    struct arena memory;
};

static void take_line(void *context, const struct history_line *line)
{
    struct found *found = context;
    struct history_line own = *line;
    own.names.sku = arena_copy(&found->memory, line->names.sku);
    vec_push(&found->list, own);
}

static enum error_class explain_lines(struct explain *explain, uint32_t *count, struct error *error)
{
    struct found found = {0};
    const struct history_wanted wanted = {
        .account = str_of(options.account),
        .resource = str_of(options.resource),
        .meter = str_of(options.meter),
        .product = product_of(str_of(options.product)),
        .sku = str_of(options.sku),
        .kind = str_of(options.kind),
        .hour_s = explain->hour_s,
    };
    enum error_class class = history_begin(explain->store, error);
    if (class == ERROR_NONE)
        class = history_read_lines(explain->store, &wanted, take_line, &found, error);
    for (uint32_t i = 0; i < found.list.count && class == ERROR_NONE; i++) {
        if (i > 0)
            printf("\n");
        class = explain_line(explain, &found.list.at[i], error);
    }
    if (class == ERROR_NONE)
        class = history_end(explain->store, error);
    *count = found.list.count;
    vec_release(&found.list);
    arena_release(&found.memory);
    return class;
}

static enum error_class open_all(struct explain *explain, struct error *error)
{
    static struct pg_store_options database;
    static struct kafka_log_config kafka;
    database = (struct pg_store_options){.database = options.database, .schema = options.schema};
    kafka =
        (struct kafka_log_config){.brokers = options.kafka, .client_id = "hourglass-explain", .reads = true};
    explain->store = pg_store_open(&database, error);
    if (explain->store == NULL)
        return error->class;
    if (options.kafka[0] == 0)
        return ERROR_NONE;
    explain->log = kafka_log_open(&kafka, &(struct log_client){0}, error);
    return explain->log == NULL ? error->class : ERROR_NONE;
}

static const char *why_misused(int64_t *hour_s)
{
    int64_t hour_us;
    if (!time_parse(str_of(options.hour), &hour_us) || hour_us != time_hour(time_second(hour_us)) * SECOND_US)
        return "HOUR: expected a whole hour as 2026-11-01T10:00:00Z";
    *hour_s = time_second(hour_us);
    if (options.product[0] != 0 && product_of(str_of(options.product)) == PRODUCT_NONE)
        return "--product: expected container, model, node, storage or maas";
    return NULL;
}

static int run(void)
{
    struct explain explain = {.topics = topics_of(options.prefix)};
    const char *why = why_misused(&explain.hour_s);
    if (why != NULL)
        return options_misused(&page, why);
    uint32_t count = 0;
    struct error error;
    process_begin();
    progress_begin("hourglass explain");
    enum error_class class = open_all(&explain, &error);
    if (class == ERROR_NONE)
        class = explain_lines(&explain, &count, &error);
    if (explain.store != NULL)
        explain.store->ops->close(explain.store);
    log_close(explain.log);
    bool failed = ferror(stdout) != 0; /* errno is no longer its */
    if (failed || fflush(stdout) != 0) {
        fprintf(stderr, "hourglass explain: standard output: %s\n",
                failed ? "cannot be written" : strerror(errno));
        return EX_IOERR;
    }
    if (class != ERROR_NONE)
        fprintf(stderr, "hourglass explain: %s\n", error.text);
    if (class != ERROR_NONE)
        return class == ERROR_FATAL ? EX_CONFIG : EX_TEMPFAIL;
    if (count == 0)
        fprintf(stderr, "hourglass explain: no such line was ever settled in that hour\n");
    return count == 0 ? EX_NOINPUT : explain.differs ? EXIT_DIFFERS : EX_OK;
}

const struct command command_explain = {&page, run};
