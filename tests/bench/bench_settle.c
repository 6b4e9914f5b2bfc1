/* What settling an hour costs, in memory and (with HOURGLASS_DATABASE) in PostgreSQL: bench_settle [RESOURCES
 * [USERS]]. A frame closes an hour of RESOURCES containers, one in ten of them under an order of USERS. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/migrate.h"
#include "settler/store.h"

enum { HOURS = 4, NAME_SIZE = 32, ORDERED_OF = 10 };
static uint32_t resources = 100000, users = 10;

#define BEGIN_S INT64_C(1767225600)

static const char yaml[] = "currency: USD\nproducts: {container: {settle: hourly, skus: {gpu.a100: {payg: "
                           "{price: '2.50', per: hour},"
                           " subscription: {price: '1200', per: month}}}}}\n";

struct hours {
    struct frame frames[HOURS + 1];
    struct level_row *rows;
    struct level_segment *segments;
    struct fact *facts;
    char (*names)[NAME_SIZE];
    char (*orders)[NAME_SIZE];
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *take(size_t count, size_t size)
{
    void *at = calloc(count, size);
    CHECK(at != NULL);
    return at;
}

static struct str account_of(uint32_t resource)
{
    static char names[1000][NAME_SIZE];
    uint32_t number = resource / (ORDERED_OF * users) % 1000;
    snprintf(names[number], NAME_SIZE, "acct-%06u", number);
    return str_of(names[number]);
}

static void make_orders(struct hours *hours)
{
    uint32_t orders = resources / ORDERED_OF / users + 1;
    hours->facts = take(orders + 1, sizeof *hours->facts);
    hours->orders = take(orders, NAME_SIZE);
    hours->facts[0] = (struct fact){.control = CONTROL_INIT, .catalog = {INT64_MIN, str_of(yaml)}};
    for (uint32_t i = 0; i < orders; i++) {
        snprintf(hours->orders[i], NAME_SIZE, "order-%08u", i);
        hours->facts[i + 1].record = (struct record){.kind = RECORD_ORDER_PAID,
                                                     .product = PRODUCT_CONTAINER,
                                                     .account = account_of(i * ORDERED_OF * users),
                                                     .subject = str_of(hours->orders[i]),
                                                     .source = STR("/platform/orders"),
                                                     .id = str_of(hours->orders[i]),
                                                     .time_us = BEGIN_S * SECOND_US,
                                                     .sku = STR("gpu.a100"),
                                                     .quantity = users / 2,
                                                     .months = 1};
    }
    hours->frames[0].facts = hours->facts;
    hours->frames[0].fact_count = orders + 1;
}

static void make(struct hours *hours)
{
    hours->rows = take((size_t)resources * HOURS, sizeof *hours->rows);
    hours->segments = take(resources, sizeof *hours->segments);
    hours->names = take(resources, NAME_SIZE);
    make_orders(hours);
    for (uint32_t i = 0; i < resources; i++) {
        bool ordered = i % ORDERED_OF == 0;
        snprintf(hours->names[i], NAME_SIZE, "container-%010u", i);
        hours->segments[i] = (struct level_segment){0, HOUR_S, STR("gpu.a100"), {NULL, 0}, 1};
        if (ordered)
            hours->segments[i].order = str_of(hours->orders[i / (ORDERED_OF * users)]);
    }
    for (uint32_t k = 0; k < (uint32_t)resources * HOURS; k++)
        hours->rows[k] = (struct level_row){.product = PRODUCT_CONTAINER,
                                            .account = account_of(k % resources),
                                            .resource = str_of(hours->names[k % resources]),
                                            .hour_s = BEGIN_S + k / resources * HOUR_S,
                                            .segments = &hours->segments[k % resources],
                                            .segment_count = 1};
    for (uint32_t f = 0; f <= HOURS; f++) {
        struct frame *frame = &hours->frames[f];
        frame->seq = f;
        frame->closed_s = BEGIN_S + f * HOUR_S;
        frame->watermark_us = frame->closed_s * SECOND_US;
        frame->levels = f == 0 ? NULL : &hours->rows[(size_t)(f - 1) * resources];
        frame->level_count = f == 0 ? 0 : resources;
    }
}

static void in_memory(const struct hours *hours)
{
    struct settlement settlement;
    settlement_init(&settlement);
    for (int f = 0; f <= HOURS; f++) {
        double from_s = now_s();
        CHECK(settle_frame(&settlement, &hours->frames[f]) == SETTLED);
        double took_s = now_s() - from_s;
        printf("memory: frame %d, %u rows, %.3f s, %.2f us a row\n", f, settlement.rows.count, took_s,
               took_s * 1e6 / settlement.rows.count);
    }
    settlement_release(&settlement);
}

static void print_size(struct pg *pg, uint64_t rows)
{
    PGresult *size =
        pg_query(pg,
                 "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON"
                 " n.oid = c.relnamespace WHERE n.nspname = current_schema AND c.relname LIKE 'settled%'"
                 " AND c.relkind = 'r'",
                 0, NULL);
    CHECK(size != NULL);
    printf("PostgreSQL: settled %.0f bytes a row, indexes included\n",
           strtod(PQgetvalue(size, 0, 0), NULL) / (double)rows);
    PQclear(size);
}

static void in_database(const struct hours *hours, const char *url)
{
    char error[400], drop[80], schema[40];
    int applied;
    uint64_t rows, all = 0;
    struct claim claim;
    snprintf(schema, sizeof schema, "bench_%d", (int)getpid());
    struct pg *pg = pg_connect(url, schema, error);
    CHECK(pg != NULL && migrate(pg, schema, &applied) == MIGRATED);
    CHECK(store_claim(pg, 0, &claim) == STORE_OK);
    for (int f = 0; f <= HOURS; f++) {
        struct placed_frame placed = {hours->frames[f], f + 1};
        uint64_t statements = pg->statements;
        double from_s = now_s();
        CHECK(store_settle(pg, &claim, &placed, 1, &rows) == STORE_OK);
        double took_s = now_s() - from_s;
        all += rows;
        printf("PostgreSQL: frame %d, %llu rows, %.3f s, %.2f us a row, %llu statements\n", f,
               (unsigned long long)rows, took_s, took_s * 1e6 / (double)rows,
               (unsigned long long)(pg->statements - statements));
    }
    print_size(pg, all);
    snprintf(drop, sizeof drop, "DROP SCHEMA %s CASCADE", schema);
    CHECK(pg_script(pg, drop));
    pg_free(pg);
}

int main(int count, char **arguments)
{
    struct hours hours = {0};
    const char *url = getenv("HOURGLASS_DATABASE");
    if (count > 1)
        resources = (uint32_t)strtoul(arguments[1], NULL, 10);
    if (count > 2)
        users = (uint32_t)strtoul(arguments[2], NULL, 10);
    CHECK(resources > 0 && users > 0);
    make(&hours);
    in_memory(&hours);
    if (url != NULL && url[0] != 0)
        in_database(&hours, url);
    free(hours.rows);
    free(hours.segments);
    free(hours.facts);
    free(hours.names);
    free(hours.orders);
    return EXIT_SUCCESS;
}
