/* Fields and columns of rows, as libpq has them. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

struct str text_at(const PGresult *rows, int row, int column)
{
    return (struct str){PQgetvalue(rows, row, column), (uint32_t)PQgetlength(rows, row, column)};
}

int64_t number_at(const PGresult *rows, int row, int column)
{
    return strtoll(PQgetvalue(rows, row, column), NULL, 10);
}

int64_t number_or(const PGresult *rows, int row, int column, int64_t if_null)
{
    return PQgetisnull(rows, row, column) ? if_null : number_at(rows, row, column);
}

int64_t account_number(struct pg_store *store, struct str account)
{
    uint8_t digest[DIGEST_SIZE];
    uint64_t number = 0;
    CHECK(account.size > 0);
    if (str_equal((struct str){store->owner.bytes.at, store->owner.bytes.count}, account))
        return store->owner_number;
    digest_of(account.at, account.size, digest);
    for (int i = 0; i < 8; i++)
        number = number << 8 | digest[i];
    vec_clear(&store->owner.bytes);
    pack_raw(&store->owner, account.at, account.size);
    store->owner_number = (int64_t)number;
    return store->owner_number;
}

/* Without zeros behind the last decimal. */
static struct str print_money(const struct amount *amount, char out[AMOUNT_TEXT_SIZE])
{
    return (struct str){out, (uint32_t)amount_print_short(amount, LIMIT_DECIMALS, 0, out)};
}

void copy_money(struct packer *out, const struct amount *amount)
{
    char text[AMOUNT_TEXT_SIZE];
    copy_numeric(out, print_money(amount, text));
}

void array_add_money(struct pg_array *array, const struct amount *amount)
{
    char text[AMOUNT_TEXT_SIZE];
    pg_array_add(array, print_money(amount, text));
}

struct amount money_at(const PGresult *rows, int row, int column)
{
    struct str text = text_at(rows, row, column);
    struct amount amount;
    CHECK(amount_read(text.at, text.size, LIMIT_DECIMALS, &amount));
    return amount;
}

void array_add_bool(struct pg_array *array, bool value)
{
    pg_array_add(array, value ? STR("t") : STR("f"));
}

void print_date(int64_t second_s, char out[DATE_SIZE])
{
    char text[TIME_TEXT_SIZE];
    time_print(second_s, text);
    memcpy(out, text, DATE_SIZE - 1);
    out[DATE_SIZE - 1] = 0;
}

static void columns_release(struct columns *columns)
{
    for (int c = 0; c < COLUMNS_MAX; c++)
        pg_array_release(&columns->list[c]);
}

PGresult *columns_query(struct pg *pg, struct columns *columns, int count, const char *sql)
{
    const char *values[COLUMNS_MAX];
    CHECK(count <= COLUMNS_MAX);
    for (int c = 0; c < count; c++)
        values[c] = pg_array_end(&columns->list[c]);
    PGresult *rows = pg_query(pg, sql, count, values);
    columns_release(columns);
    return rows;
}

bool columns_do(struct pg *pg, struct columns *columns, int count, const char *sql)
{
    if (columns->rows == 0)
        return true;
    PGresult *rows = columns_query(pg, columns, count, sql);
    PQclear(rows);
    return rows != NULL;
}

bool columns_insert(struct pg *pg, struct columns *columns, int count, const char *sql,
                    const struct frame *frame)
{
    const char *values[COLUMNS_MAX + 2];
    char partition[16], seq[32];
    CHECK(count <= COLUMNS_MAX);
    snprintf(partition, sizeof partition, "%u", frame->partition);
    snprintf(seq, sizeof seq, "%llu", (unsigned long long)frame->seq);
    values[0] = partition;
    values[1] = seq;
    for (int c = 0; c < count; c++)
        values[c + 2] = pg_array_end(&columns->list[c]);
    bool good = columns->rows == 0 || pg_do(pg, sql, count + 2, values, NULL);
    columns_release(columns);
    return good;
}

PGresult *orders_query(struct pg *pg, const struct order_name *orders, uint32_t count, const char *sql)
{
    struct pg_array accounts = {0}, names = {0};
    for (uint32_t i = 0; i < count; i++) {
        pg_array_add(&accounts, orders[i].account);
        pg_array_add(&names, orders[i].name);
    }
    const char *const values[] = {pg_array_end(&accounts), pg_array_end(&names)};
    PGresult *rows = pg_query(pg, sql, 2, values);
    pg_array_release(&accounts);
    pg_array_release(&names);
    return rows;
}
