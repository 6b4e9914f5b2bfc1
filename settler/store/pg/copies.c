/* Rows that wait to be written by COPY. */
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

/* A COPY is ended and another begun beyond it. */
enum { COPY_BYTES = 1 << 20 };

struct packer *copies_row(struct pg_store *store, enum copied table, const char *sql, int fields)
{
    struct copy *copy = &store->copies[table];
    copy->sql = sql;
    if (copy->out.bytes.count == 0)
        copy_begin(&copy->out);
    copy_row(&copy->out, fields);
    return &copy->out;
}

static bool flush(struct pg_store *store, struct copy *copy)
{
    if (copy->out.bytes.count == 0)
        return true;
    copy_end(&copy->out);
    bool good = pg_copy(store->pg, copy->sql, (struct str){copy->out.bytes.at, copy->out.bytes.count});
    vec_clear(&copy->out.bytes);
    return good;
}

enum error_class copies_end_row(struct pg_store *store, enum copied table, struct error *error)
{
    struct copy *copy = &store->copies[table];
    return pg_store_done(store, copy->out.bytes.count < COPY_BYTES || flush(store, copy), error);
}

bool copies_flush(struct pg_store *store)
{
    bool good = true;
    for (int t = 0; t < COPIED && good; t++)
        good = flush(store, &store->copies[t]);
    return good;
}

void copies_drop(struct pg_store *store)
{
    for (int t = 0; t < COPIED; t++)
        vec_clear(&store->copies[t].out.bytes);
}

void copies_release(struct pg_store *store)
{
    for (int t = 0; t < COPIED; t++)
        vec_release(&store->copies[t].out.bytes);
}
