#include <stdio.h>

#include "lib/base/check.h"
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
    for (int c = 0; c < COLUMNS_MAX; c++)
        pg_array_release(&columns->list[c]);
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
