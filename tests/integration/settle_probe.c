/* Settles one frame, of an account whose name is not ASCII, as the settler does, and says what came of it:
 * settle_probe DATABASE SCHEMA [DEADLINE_MS]. With a deadline it claims again and again, a line each, until
 * that fails. Prints the class and the text of what failed; "waiting" once an answer takes a second. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "settler/store/pg/pg_store.h"

/* 2026-01-01T00:00:00Z */
#define BEGIN_S INT64_C(1767225600)

static const char yaml[] = "currency: USD\nproducts:\n"
                           "  maas: {settle: cycle, skus: {m: {images: {price: '0.04', per: 1}}}}\n";

static int say(const struct error *error)
{
    static const char *const names[] = {"none", "retry", "abort", "fatal"};
    printf("%s: %s\n", names[error->class], error->text);
    return EXIT_FAILURE;
}

static bool waiting(void *context, int64_t waited_ms)
{
    bool *said = context;
    if (waited_ms >= 1000 && !*said)
        printf("waiting\n");
    *said = waited_ms >= 1000;
    fflush(stdout);
    return true;
}

static int claim_until_it_fails(struct store *store, struct claim *claim)
{
    struct error error;
    while (store_claim(store, 0, claim, &error) == STORE_OK) {
        printf("claimed\n");
        fflush(stdout);
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    return say(&error);
}

static int settle(struct store *store, struct claim *claim)
{
    struct fact init = {.control = CONTROL_INIT, .catalog = {INT64_MIN, str_of(yaml)}};
    struct count_sum sum = {METER_IMAGES, 0, 100};
    struct count_row row = {.product = PRODUCT_MAAS,
                            .account = STR("账户"),
                            .resource = STR("é"),
                            .sku = STR("m"),
                            .hour_s = BEGIN_S,
                            .sums = &sum,
                            .sum_count = 1};
    struct placed_frame placed = {.frame = {.watermark_us = BEGIN_S * 1000000,
                                            .closed_s = BEGIN_S + 3600,
                                            .facts = &init,
                                            .fact_count = 1,
                                            .counts = &row,
                                            .count_count = 1},
                                  .end_offset = 1};
    struct error error;
    struct store_written rows;
    /* The second one reads what the first wrote. */
    if (store_settle(store, claim, &placed, 1, &rows, &error) != STORE_OK)
        return say(&error);
    placed.frame.fact_count = 0;
    placed.frame.seq = 1;
    if (store_settle(store, claim, &placed, 1, &rows, &error) != STORE_OK)
        return say(&error);
    printf("settled\n");
    return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
    bool said = false;
    struct error error;
    struct claim claim = {0};
    if (count < 3)
        return EXIT_FAILURE;
    struct pg_store_options options = {.database = arguments[1],
                                       .schema = arguments[2],
                                       .waiting = {waiting, &said},
                                       .deadline_ms = count > 3 ? strtoll(arguments[3], NULL, 10) : 0};
    struct store *store = pg_store_open(&options, &error);
    if (store == NULL)
        return say(&error);
    int status = EXIT_FAILURE;
    if (count > 3)
        status = claim_until_it_fails(store, &claim);
    else if (store_claim(store, 0, &claim, &error) != STORE_OK)
        status = say(&error);
    else
        status = settle(store, &claim);
    store_claim_release(&claim);
    store_close(store);
    return status;
}
