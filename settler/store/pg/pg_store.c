#include "settler/store/pg/pg_store.h"

#include "lib/base/check.h"
#include "lib/io/clock.h"
#include "lib/io/migrate.h"
#include "settler/store/pg/tables.h"

/* A statement is bounded work; a server that does not answer for so long is frozen. */
enum { DEADLINE_MS = 60000 };
/* Who asks for a range waits for whoever reads the table, and all others wait behind that: rarely. */
enum { RANGES_PAUSE_LEAST_MS = 5000, RANGES_PAUSE_MOST_MS = 600000 };

enum error_class pg_store_failed(const struct pg_store *store, struct error *error)
{
    CHECK(store->pg->error.class != ERROR_NONE);
    *error = store->pg->error;
    return error->class;
}

enum error_class pg_store_done(const struct pg_store *store, bool done, struct error *error)
{
    return done ? ERROR_NONE : pg_store_failed(store, error);
}

static void drop_rows(struct pg_store *store)
{
    copies_drop(store);
    line_names_drop(store);
}

static enum error_class begin(struct store *store, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    drop_rows(of);
    return pg_store_done(of, pg_script(of->pg, "BEGIN"), error);
}

static enum error_class commit(struct store *store, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    bool done = copies_flush(of) && line_names_flush(of) && pg_commit(of->pg);
    return pg_store_done(of, done, error);
}

static enum error_class rollback(struct store *store, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    drop_rows(of);
    return pg_store_done(of, pg_script(of->pg, "ROLLBACK"), error);
}

static enum error_class write_facts(struct store *store, const struct frame *frame, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    bool done = catalogs_write(of, frame) && order_facts_write(of, frame) && payments_write(of, frame) &&
                rejected_write(of, frame);
    return pg_store_done(of, done, error);
}

/* The table is read for it too, the DEFAULT range whole: it is given up before the deadline would end the
 * connection, and the next one would do the same. */
static enum error_class try_ranges(struct store *store, int64_t day_s, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    enum error_class class =
        pg_store_done(of, pg_script(of->pg, "BEGIN; SET LOCAL statement_timeout = '10s'"), error);
    if (class == ERROR_NONE)
        class = settled_make_ranges(store, day_s, error);
    return class == ERROR_NONE ? pg_store_done(of, pg_commit(of->pg), error) : class;
}

static enum error_class make_ranges(struct store *store, int64_t day_s, enum ranges *ranges,
                                    struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    int64_t now_ms = clock_steady_us() / 1000;
    *ranges = RANGES_LATER;
    if (now_ms < of->ranges_again_ms)
        return ERROR_NONE;
    enum error_class class = try_ranges(store, day_s, error);
    *ranges = class == ERROR_NONE ? RANGES_ASKED : RANGES_MISSED;
    if (class == ERROR_NONE)
        of->ranges_pause_ms = of->ranges_pause_least_ms;
    if (class != ERROR_RETRY)
        return class;
    of->ranges_again_ms = now_ms + of->ranges_pause_ms;
    of->ranges_pause_ms *= 2;
    if (of->ranges_pause_ms > RANGES_PAUSE_MOST_MS)
        of->ranges_pause_ms = RANGES_PAUSE_MOST_MS;
    return pg_store_done(of, pg_script(of->pg, "ROLLBACK"), error);
}

static uint64_t statements(const struct store *store)
{
    return ((const struct pg_store *)store)->pg->statements;
}

static void close_store(struct store *store)
{
    struct pg_store *of = pg_store_of(store);
    copies_release(of);
    vec_release(&of->owner.bytes);
    line_names_drop(of);
    pg_free(of->pg);
    free(of);
}

static const struct store_ops ops = {
    .read_meta = meta_read,
    .write_meta = meta_write,
    .claim = claim_take,
    .move_claim = claim_move,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .read_catalogs = catalogs_read,
    .read_usage = settled_read_usage,
    .read_lines = settled_read_lines,
    .read_order_facts = order_facts_read,
    .read_order_users = order_usage_read,
    .read_identities = order_facts_read_identities,
    .read_next_due = order_due_read_next,
    .read_due = order_due_read,
    .read_payments = payments_read,
    .read_accounts = accounts_read,
    .read_next_deadline = accounts_read_next_deadline,
    .read_deadlines = accounts_read_deadlines,
    .read_account_page = accounts_read_page,
    .read_bill_sums = charges_read_bill_sums,
    .put_settled = settled_put,
    .put_line_name = line_names_put,
    .write_order_users = order_usage_write,
    .write_order_due = order_due_write,
    .write_facts = write_facts,
    .put_charge = charges_put,
    .put_transfer = ledger_put,
    .put_bill_total = bill_totals_put,
    .put_notice = notices_put,
    .write_frames = frames_write,
    .write_bill_cuts = bill_cuts_write,
    .write_accounts = accounts_write,
    .write_states = resource_states_write,
    .write_prices = price_list_write,
    .move_position = claim_move_position,
    .write_rejects = rejected_write_copied,
    .read_notices = notices_read,
    .make_ranges = make_ranges,
    .statements = statements,
    .close = close_store,
};

struct store *pg_store_open(void *options, struct error *error)
{
    const struct pg_store_options *o = options;
    struct pg *pg = pg_connect_waiting(o->database, o->schema, o->waiting, error);
    if (pg == NULL)
        return NULL;
    pg->deadline_ms = o->deadline_ms > 0 ? o->deadline_ms : DEADLINE_MS;
    if (migrate_check(pg, error) != ERROR_NONE) {
        pg_free(pg);
        return NULL;
    }
    struct pg_store *store = calloc(1, sizeof *store);
    CHECK(store != NULL);
    store->store.ops = &ops;
    store->pg = pg;
    store->ranges_pause_least_ms = o->ranges_pause_ms > 0 ? o->ranges_pause_ms : RANGES_PAUSE_LEAST_MS;
    store->ranges_pause_ms = store->ranges_pause_least_ms;
    return &store->store;
}

struct pg *pg_store_connection(struct store *store)
{
    CHECK(store->ops == &ops);
    return pg_store_of(store)->pg;
}
