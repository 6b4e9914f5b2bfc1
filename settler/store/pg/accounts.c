/* Table accounts: balances and states as they are. */
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 13 };
#define FIELDS                                                                                               \
    "name, partition, seq, deadline_us, prepaid::int, made_prepaid::int, state, credited, debited, charged," \
    " accrued, carried, coalesce(moved, 0)"

static enum account_state state_of(struct str name)
{
    for (int s = 0; s < ACCOUNT_STATES; s++)
        if (str_equal(name, str_of(account_state_name((enum account_state)s))))
            return (enum account_state)s;
    CHECK_NEVER("a state of an account");
    return ACCOUNT_GOOD;
}

static enum error_class take_rows(struct pg_store *store, PGresult *rows, take_account *take, void *context,
                                  struct error *error)
{
    if (rows == NULL)
        return pg_store_failed(store, error);
    for (int i = 0; i < PQntuples(rows); i++) {
        struct account_row row = {
            .name = text_at(rows, i, 0),
            .partition = (uint32_t)number_at(rows, i, 1),
            .account =
                {
                    .seq = (uint64_t)number_at(rows, i, 2),
                    .deadline_us = number_or(rows, i, 3, INT64_MIN),
                    .prepaid = number_at(rows, i, 4) != 0,
                    .made_prepaid = number_at(rows, i, 5) != 0,
                    .state = state_of(text_at(rows, i, 6)),
                    .credited = money_at(rows, i, 7),
                    .debited = money_at(rows, i, 8),
                    .charged = money_at(rows, i, 9),
                    .accrued = money_at(rows, i, 10),
                    .carried = money_at(rows, i, 11),
                    .moved = money_at(rows, i, 12),
                },
        };
        take(context, &row);
    }
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class accounts_read(struct store *store, const struct str *names, uint32_t count,
                               take_account *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {.rows = count};
    for (uint32_t i = 0; i < count; i++)
        pg_array_add(&columns.list[0], names[i]);
    PGresult *rows = columns_query(of->pg, &columns, 1,
                                   "SELECT " FIELDS " FROM unnest($1::text[]) k(key) CROSS JOIN LATERAL"
                                   " (SELECT * FROM accounts WHERE name = k.key OFFSET 0) a");
    return take_rows(of, rows, take, context, error);
}

enum error_class accounts_read_next_deadline(struct store *store, uint32_t partition, int64_t *deadline_us,
                                             struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char number[16];
    snprintf(number, sizeof number, "%u", partition);
    const char *const values[] = {number};
    PGresult *rows =
        pg_query(of->pg, "SELECT min(deadline_us) FROM accounts WHERE partition = $1::int", 1, values);
    if (rows == NULL)
        return pg_store_failed(of, error);
    *deadline_us = number_or(rows, 0, 0, INT64_MAX);
    PQclear(rows);
    return ERROR_NONE;
}

enum error_class accounts_read_deadlines(struct store *store, const struct deadline_before *before,
                                         take_account *take, void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char partition[16], until[32], limit[16];
    snprintf(partition, sizeof partition, "%u", before->partition);
    snprintf(until, sizeof until, "%lld", (long long)before->until_us);
    snprintf(limit, sizeof limit, "%u", before->limit);
    const char *const values[] = {partition, until, limit};
    PGresult *rows = pg_query(of->pg,
                              "SELECT " FIELDS " FROM accounts WHERE partition = $1::int"
                              " AND deadline_us <= $2::bigint LIMIT $3::bigint",
                              3, values);
    return take_rows(of, rows, take, context, error);
}

enum error_class accounts_read_page(struct store *store, const struct account_page *page, take_account *take,
                                    void *context, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    char partition[16], after[LIMIT_ID_BYTES + 1], seq[32], until[32], limit[16];
    CHECK(page->after.size < sizeof after);
    memcpy(after, page->after.at, page->after.size);
    after[page->after.size] = 0;
    snprintf(partition, sizeof partition, "%u", page->partition);
    snprintf(seq, sizeof seq, "%llu", (unsigned long long)page->seq);
    snprintf(until, sizeof until, "%lld", (long long)page->until_us);
    snprintf(limit, sizeof limit, "%u", page->limit);
    const char *const values[] = {partition, after, page->all ? "t" : "f", seq, until, limit};
    PGresult *rows = pg_query(of->pg,
                              "SELECT " FIELDS " FROM accounts WHERE partition = $1::int AND name > $2"
                              " AND ($3::boolean OR seq = $4::bigint OR deadline_us <= $5::bigint)"
                              " ORDER BY name LIMIT $6::bigint",
                              6, values);
    return take_rows(of, rows, take, context, error);
}

static void add_row(struct columns *columns, const struct account_row *row)
{
    const struct account *account = &row->account;
    const struct amount *const sums[] = {&account->credited, &account->debited, &account->charged,
                                         &account->accrued,  &account->carried, &account->moved};
    pg_array_add(&columns->list[0], row->name);
    pg_array_add_number(&columns->list[1], row->partition);
    pg_array_add_number(&columns->list[2], (int64_t)account->seq);
    pg_array_add_number(&columns->list[3], account->deadline_us);
    array_add_bool(&columns->list[4], account->prepaid);
    array_add_bool(&columns->list[5], account->made_prepaid);
    pg_array_add(&columns->list[6], str_of(account_state_name(account->state)));
    for (int i = 0; i < 6; i++)
        array_add_money(&columns->list[7 + i], sums[i]);
}

enum error_class accounts_write(struct store *store, const struct account_row *rows, uint32_t count,
                                struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    struct columns columns = {.rows = count};
    for (uint32_t i = 0; i < count; i++)
        add_row(&columns, &rows[i]);
    bool good = columns_do(
        of->pg, &columns, COLUMNS,
        "INSERT INTO accounts (name, partition, seq, deadline_us, prepaid, made_prepaid, state, credited,"
        " debited, charged, accrued, carried, moved)"
        " SELECT a, p, q, nullif(d, -9223372036854775808), r, m, s, c, e, g, i, k, nullif(v, 0)"
        " FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[], $5::boolean[], $6::boolean[],"
        " $7::text[], $8::numeric[], $9::numeric[], $10::numeric[], $11::numeric[], $12::numeric[],"
        " $13::numeric[]) n(a, p, q, d, r, m, s, c, e, g, i, k, v)"
        " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, deadline_us = excluded.deadline_us,"
        " prepaid = excluded.prepaid, made_prepaid = excluded.made_prepaid, state = excluded.state,"
        " credited = excluded.credited, debited = excluded.debited, charged = excluded.charged,"
        " accrued = excluded.accrued, carried = excluded.carried, moved = excluded.moved");
    return pg_store_done(of, good, error);
}
