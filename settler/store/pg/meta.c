/* Table meta: what is fixed for the generation. */
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/tables.h"

enum error_class meta_read(struct store *store, struct meta_row *row, bool *found, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct packer hash = {0};
    /* Whether it takes writes is asked in the same breath, and answered where the schema is still empty. */
    PGresult *rows = pg_query(
        of->pg,
        "SELECT currency, charge_scale, partitions, init_hash,"
        " current_setting('transaction_read_only'), bill_scale FROM (SELECT 1) one LEFT JOIN meta ON true",
        0, NULL);
    if (rows == NULL)
        return pg_store_failed(of, error);
    bool read_only = strcmp(PQgetvalue(rows, 0, 4), "on") == 0;
    if (read_only) {
        PQclear(rows);
        return error_set(error, ERROR_ABORT, "PostgreSQL takes no writes",
                         "it is a standby, or default_transaction_read_only is on");
    }
    *row = (struct meta_row){0};
    *found = !PQgetisnull(rows, 0, 0);
    if (*found) {
        snprintf(row->currency, sizeof row->currency, "%s", PQgetvalue(rows, 0, 0));
        row->charge_scale = (uint32_t)number_at(rows, 0, 1);
        row->bill_scale = (uint32_t)number_or(rows, 0, 5, BILL_SCALE_NULL);
        row->generation.partitions = (uint32_t)number_or(rows, 0, 2, 0);
    }
    if (*found && !PQgetisnull(rows, 0, 3)) {
        CHECK(pg_take_hex(PQgetvalue(rows, 0, 3), &hash) && hash.bytes.count == CONTROL_HASH_SIZE);
        memcpy(row->generation.init_hash, hash.bytes.at, CONTROL_HASH_SIZE);
    }
    vec_release(&hash.bytes);
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class meta_write(struct store *store, const struct meta_row *row, struct error *error)
{
    static const uint8_t none[CONTROL_HASH_SIZE];
    struct pg_store *of = pg_store_of(store);
    char scale[16], bill_scale[16], partitions[16];
    struct packer hash = {0};
    snprintf(scale, sizeof scale, "%u", row->charge_scale);
    snprintf(bill_scale, sizeof bill_scale, "%u", row->bill_scale);
    snprintf(partitions, sizeof partitions, "%u", row->generation.partitions);
    pg_put_hex(&hash, row->generation.init_hash, CONTROL_HASH_SIZE);
    pack_raw(&hash, "", 1);
    bool known = memcmp(row->generation.init_hash, none, sizeof none) != 0;
    bool scaled = row->bill_scale != BILL_SCALE_NULL;
    const char *const values[] = {row->currency, scale, partitions, known ? hash.bytes.at : NULL,
                                  scaled ? bill_scale : NULL};
    bool good =
        pg_do(of->pg,
              "INSERT INTO meta (currency, charge_scale, partitions, init_hash, bill_scale)"
              " VALUES ($1, $2::int, nullif($3::int, 0), $4::bytea, $5::int) ON CONFLICT (only_row) DO UPDATE"
              " SET partitions = coalesce(meta.partitions, excluded.partitions),"
              " init_hash = coalesce(meta.init_hash, excluded.init_hash),"
              " bill_scale = coalesce(meta.bill_scale, excluded.bill_scale)"
              " WHERE meta.partitions IS NULL OR meta.init_hash IS NULL OR meta.bill_scale IS NULL",
              5, values, NULL);
    vec_release(&hash.bytes);
    return pg_store_done(of, good, error);
}
