/* What settling costs, in PostgreSQL with HOURGLASS_DATABASE, else in memory: bench_settle [RESOURCES [USERS
 * [FRAME_ROWS [ACCOUNTS [HOURS [METERS]]]]]]. Each hour closes with RESOURCES containers, one in ten of them
 * under an order of USERS, and as many endpoints called, each with METERS meters; frames have FRAME_ROWS
 * rows. Then come late counts, then frames that say nothing. CPU of the database is that of the connection's
 * process, on this machine. A day in which nothing but 200,000 containers of 2,000 accounts runs is
 * 200000 10 25000 2000 24 0. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/migrate.h"
#include "settler/core/settle.h"
#include "settler/store/pg/pg_store.h"

enum { NAME_SIZE = 32, ORDERED_OF = 10, METERS_MOST = 3, QUIET = 500 };
static uint32_t resources = 100000, users = 10, frame_rows = 25000, accounts = 1000, hours = 3,
                meters = METERS_MOST;
static char (*account_names)[NAME_SIZE];

static long load_kib;

#define BEGIN_S INT64_C(1767225600)

static const char yaml[] = "currency: USD\nproducts:\n"
                           "  container: {settle: hourly, skus: {gpu.a100: {payg: {price: '2.50', per: hour},"
                           " subscription: {price: '1200', per: month}}}}\n"
                           "  maas: {settle: cycle, skus: {qwen-72b: {input_tokens: {price: '0.6', per: 1M},"
                           " output_tokens: {price: '1.2', per: 1M}}}}\n";

struct load {
    VEC(struct frame) frames;
    VEC(const char *) labels; /* of those that begin a part */
    struct level_row *levels;
    struct level_segment *segments;
    struct count_row *counts;
    struct fact *facts;
    char (*names)[NAME_SIZE];
    char (*orders)[NAME_SIZE];
};

struct cost {
    double wall_s;
    double own_s;
    double database_s;
    uint64_t statements;
};

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* CPU of the server's process of this connection. */
static double database_s(struct pg *pg)
{
    char path[40], text[1024] = "";
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", PQbackendPID(pg->connection));
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    CHECK(fgets(text, sizeof text, file) != NULL);
    fclose(file);
    CHECK(sscanf(strrchr(text, ')'), ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                 &system) == 2);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static struct cost cost_now(struct pg *pg)
{
    return (struct cost){seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_PROCESS_CPUTIME_ID),
                         pg == NULL ? 0 : database_s(pg), pg == NULL ? 0 : pg->statements};
}

static void *take(size_t count, size_t size)
{
    void *at = calloc(count, size);
    CHECK(at != NULL);
    return at;
}

static struct str account_of(uint32_t resource)
{
    /* An order's users are in one account. */
    uint32_t unit = users == 1 ? 1 : ORDERED_OF * users, groups = (resources + unit - 1) / unit;
    uint32_t each = groups > accounts ? (groups + accounts - 1) / accounts : 1;
    uint32_t number = resource / (unit * each);
    snprintf(account_names[number], NAME_SIZE, "acct-%08u", number);
    return str_of(account_names[number]);
}

static void make_orders(struct load *load)
{
    uint32_t orders = resources / ORDERED_OF / users + 1;
    load->facts = take(orders + 1, sizeof *load->facts);
    load->orders = take(orders, NAME_SIZE);
    load->facts[0] = (struct fact){.control = CONTROL_INIT, .catalog = {INT64_MIN, str_of(yaml)}};
    for (uint32_t i = 0; i < orders; i++) {
        snprintf(load->orders[i], NAME_SIZE, "order-%08u", i);
        load->facts[i + 1].record = (struct record){.kind = RECORD_ORDER_PAID,
                                                    .product = PRODUCT_CONTAINER,
                                                    .account = account_of(i * ORDERED_OF * users),
                                                    .subject = str_of(load->orders[i]),
                                                    .source = STR("/platform/orders"),
                                                    .id = str_of(load->orders[i]),
                                                    .time_us = BEGIN_S * SECOND_US,
                                                    .sku = STR("gpu.a100"),
                                                    .quantity = users / 2,
                                                    .months = 1};
    }
    vec_push(&load->frames, (struct frame){.facts = load->facts, .fact_count = orders + 1});
    vec_push(&load->labels, "orders");
}

/* An epoch of `count` rows from `levels` or `counts` on. */
static void add_epoch(struct load *load, const char *label, const struct level_row *levels,
                      const struct count_row *counts, uint32_t count, int64_t closed_s)
{
    const struct frame *last = &load->frames.at[load->frames.count - 1];
    int64_t before_s = last->closed_s;
    for (uint32_t from = 0; from < count || from == 0; from += frame_rows) {
        uint32_t rows = count - from < frame_rows ? count - from : frame_rows;
        struct frame frame = {
            .seq = load->frames.count, .watermark_us = closed_s * SECOND_US, .more = from + rows < count};
        frame.closed_s = frame.more ? before_s : closed_s;
        frame.levels = levels == NULL ? NULL : levels + from;
        frame.level_count = levels == NULL ? 0 : rows;
        frame.counts = counts == NULL ? NULL : counts + from;
        frame.count_count = counts == NULL ? 0 : rows;
        vec_push(&load->frames, frame);
        vec_push(&load->labels, from == 0 ? label : NULL);
    }
}

static void make_rows(struct load *load)
{
    static const struct count_sum sums[METERS_MOST] = {{METER_INPUT_TOKENS, 0, 123456},
                                                       {METER_CACHED_INPUT_TOKENS, 0, 23456},
                                                       {METER_OUTPUT_TOKENS, 0, 3456}};
    for (uint32_t k = 0; k < resources * hours; k++) {
        uint32_t i = k % resources;
        load->levels[k] = (struct level_row){.product = PRODUCT_CONTAINER,
                                             .account = account_of(i),
                                             .resource = str_of(load->names[i]),
                                             .hour_s = BEGIN_S + k / resources * HOUR_S,
                                             .segments = &load->segments[i],
                                             .segment_count = 1};
        load->counts[k] = (struct count_row){.product = PRODUCT_MAAS,
                                             .account = account_of(i),
                                             .resource = str_of(load->names[i]),
                                             .sku = STR("qwen-72b"),
                                             .hour_s = BEGIN_S + k / resources * HOUR_S,
                                             .sums = sums,
                                             .sum_count = meters};
    }
}

static void make(struct load *load)
{
    load->levels = take((size_t)resources * hours, sizeof *load->levels);
    load->counts = take((size_t)resources * hours, sizeof *load->counts);
    load->segments = take(resources, sizeof *load->segments);
    load->names = take(resources, NAME_SIZE);
    make_orders(load);
    load->frames.at[0].closed_s = BEGIN_S;
    load->frames.at[0].watermark_us = BEGIN_S * SECOND_US;
    for (uint32_t i = 0; i < resources; i++) {
        snprintf(load->names[i], NAME_SIZE, "container-%010u", i);
        load->segments[i] = (struct level_segment){0, HOUR_S, STR("gpu.a100"), {NULL, 0}, 1};
        if (i % ORDERED_OF == 0)
            load->segments[i].order = str_of(load->orders[i / (ORDERED_OF * users)]);
    }
    make_rows(load);
    for (uint32_t h = 0; h < hours; h++) {
        uint32_t from = h * resources;
        add_epoch(load, "levels", load->levels + from, NULL, resources,
                  BEGIN_S + (h + (meters == 0)) * HOUR_S);
        if (meters > 0)
            add_epoch(load, "counts", NULL, load->counts + from, resources, BEGIN_S + (h + 1) * HOUR_S);
    }
    if (meters > 0)
        add_epoch(load, "late counts", NULL, load->counts, resources / 10 + 1, BEGIN_S + hours * HOUR_S);
    for (int i = 0; i < QUIET; i++)
        add_epoch(load, i == 0 ? "nothing, 500 times" : NULL, NULL, NULL, 0, BEGIN_S + hours * HOUR_S);
}

static void print_cost(const char *where, const char *label, uint64_t rows, struct cost from, struct cost to)
{
    double of = rows > 0 ? (double)rows : QUIET;
    printf("%s: %s, %llu rows, %.3f s, own CPU %.2f us, database's %.2f us a row, %llu statements\n", where,
           label, (unsigned long long)rows, to.wall_s - from.wall_s, (to.own_s - from.own_s) * 1e6 / of,
           (to.database_s - from.database_s) * 1e6 / of,
           (unsigned long long)(to.statements - from.statements));
}

/* Settles the frames and prints what each part of the load cost. */
static uint64_t run(const struct load *load, const char *where, struct pg *pg,
                    uint64_t (*settle)(void *context, const struct frame *frame), void *context)
{
    uint64_t all = 0;
    for (uint32_t f = 0; f < load->frames.count;) {
        const char *label = load->labels.at[f];
        struct cost from = cost_now(pg);
        uint64_t rows = 0;
        do
            rows += settle(context, &load->frames.at[f++]);
        while (f < load->frames.count && load->labels.at[f] == NULL);
        print_cost(where, label, rows, from, cost_now(pg));
        all += rows;
    }
    return all;
}

static uint64_t settle_in_memory(void *context, const struct frame *frame)
{
    struct settlement *settlement = context;
    CHECK(settle_frame(settlement, frame) == SETTLED);
    return settlement->rows.count;
}

struct connection {
    struct store *store;
    struct claim claim;
};

static uint64_t settle_in_database(void *context, const struct frame *frame)
{
    struct connection *to = context;
    struct placed_frame placed = {*frame, (int64_t)frame->seq + 1};
    uint64_t all = 0;
    struct store_written written;
    enum store_outcome outcome;
    struct error error;
    do {
        outcome = store_settle(to->store, &to->claim, &placed, 1, &written, &error);
        all += written.settled;
    } while (outcome == STORE_STEP);
    CHECK(outcome == STORE_OK);
    return all;
}

static void print_size(struct pg *pg, uint64_t rows)
{
    PGresult *sizes = pg_query(pg,
                               "SELECT regexp_replace(c.relname, '^settled_.*', 'settled'), "
                               "sum(pg_total_relation_size(c.oid)), sum(pg_indexes_size(c.oid))"
                               " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                               " WHERE n.nspname = current_schema AND c.relkind = 'r' GROUP BY 1"
                               " HAVING sum(pg_total_relation_size(c.oid)) > 100000 ORDER BY 2 DESC",
                               0, NULL);
    CHECK(sizes != NULL);
    for (int i = 0; i < PQntuples(sizes); i++)
        printf("PostgreSQL: %s, %.1f bytes a row of settled, of them %.1f indexes\n", PQgetvalue(sizes, i, 0),
               strtod(PQgetvalue(sizes, i, 1), NULL) / (double)rows,
               strtod(PQgetvalue(sizes, i, 2), NULL) / (double)rows);
    PQclear(sizes);
}

static void in_database(const struct load *load, const char *url)
{
    char drop[80], schema[40];
    int applied;
    struct error error;
    struct connection to = {0};
    snprintf(schema, sizeof schema, "bench_%d", (int)getpid());
    struct pg *owner = pg_connect(url, schema, &error);
    CHECK(owner != NULL && migrate(owner, schema, &applied) == MIGRATED);
    struct pg_store_options options = {.database = url, .schema = schema};
    to.store = pg_store_open(&options, &error);
    CHECK(to.store != NULL && store_claim(to.store, 0, &to.claim, &error) == STORE_OK);
    uint64_t rows = run(load, "PostgreSQL", pg_store_connection(to.store), settle_in_database, &to);
    print_size(owner, rows);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("resident at most: %ld KiB, of which the load was %ld KiB\n", usage.ru_maxrss, load_kib);
    store_claim_release(&to.claim);
    store_close(to.store);
    snprintf(drop, sizeof drop, "DROP SCHEMA %s CASCADE", schema);
    CHECK(pg_script(owner, drop));
    pg_free(owner);
}

static void release(struct load *load)
{
    vec_release(&load->frames);
    vec_release(&load->labels);
    free(load->levels);
    free(load->counts);
    free(load->segments);
    free(load->facts);
    free(load->names);
    free(load->orders);
    free(account_names);
}

int main(int count, char **arguments)
{
    struct load load = {0};
    struct rusage usage;
    const char *url = getenv("HOURGLASS_DATABASE");
    uint32_t *const numbers[] = {&resources, &users, &frame_rows, &accounts, &hours, &meters};
    for (int i = 1; i < count && i <= (int)(sizeof numbers / sizeof *numbers); i++)
        *numbers[i - 1] = (uint32_t)strtoul(arguments[i], NULL, 10);
    CHECK(resources > 0 && users > 0 && frame_rows > 0 && accounts > 0 && hours > 0 && meters <= METERS_MOST);
    account_names = take(resources + 1, NAME_SIZE);
    make(&load);
    getrusage(RUSAGE_SELF, &usage);
    load_kib = usage.ru_maxrss;
    if (url != NULL && url[0] != 0) {
        in_database(&load, url);
    } else {
        struct settlement settlement;
        settlement_init(&settlement);
        run(&load, "memory", NULL, settle_in_memory, &settlement);
        settlement_release(&settlement);
    }
    release(&load);
    return EXIT_SUCCESS;
}
