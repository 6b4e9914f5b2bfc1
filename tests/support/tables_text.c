#include "tests/support/tables_text.h"

#include <stdio.h>

#include "lib/domain/limits.h"
#include "settler/store/memory_own.h"

struct sums {
    VEC(struct ledger_row) rows;
};

static bool is_same(const struct ledger_row *a, const struct ledger_row *b)
{
    const struct transfer *x = &a->transfer, *y = &b->transfer;
    return a->partition == b->partition && a->seq == b->seq && str_equal(a->account, b->account) &&
           str_equal(a->name, b->name) && x->what == y->what && x->product == y->product &&
           x->kind == y->kind && x->month_s == y->month_s;
}

static void add(struct sums *sums, const struct ledger_row *row)
{
    for (uint32_t i = 0; i < sums->rows.count; i++) {
        struct transfer *transfer = &sums->rows.at[i].transfer;
        if (!is_same(&sums->rows.at[i], row))
            continue;
        transfer->amount = amount_add(&transfer->amount, &row->transfer.amount);
        return;
    }
    vec_push(&sums->rows, *row);
}

static int compare(const void *a, const void *b)
{
    const struct ledger_row *x = a, *y = b;
    const struct transfer *p = &x->transfer, *q = &y->transfer;
    const int64_t numbers[][2] = {
        {x->partition, y->partition}, {(int64_t)x->seq, (int64_t)y->seq},
        {p->what, q->what},           {p->product, q->product},
        {p->kind, q->kind},           {p->month_s, q->month_s},
    };
    int order = str_compare(x->account, y->account);
    if (order == 0)
        order = str_compare(x->name, y->name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers && order == 0; i++)
        order = (numbers[i][0] > numbers[i][1]) - (numbers[i][0] < numbers[i][1]);
    return order;
}

static void put_sum(const struct ledger_row *row, struct packer *out)
{
    char text[1000], amount[AMOUNT_TEXT_SIZE];
    const struct transfer *transfer = &row->transfer;
    amount_print(&transfer->amount, LIMIT_DECIMALS, amount);
    int size = snprintf(text, sizeof text, "transfers %u %llu %.*s %.*s %s %d %d %lld %s\n", row->partition,
                        (unsigned long long)row->seq, STR_ARG(row->account), STR_ARG(row->name),
                        transfer_what_name(transfer->what), (int)transfer->product, (int)transfer->kind,
                        (long long)transfer->month_s, amount);
    pack_raw(out, text, (size_t)size);
}

static void put_sums(const struct memory_tables *tables, struct packer *out)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < tables->rows.ledger.count; i++)
        add(&sums, &tables->rows.ledger.at[i]);
    if (sums.rows.count > 0)
        qsort(sums.rows.at, sums.rows.count, sizeof *sums.rows.at, compare);
    for (uint32_t i = 0; i < sums.rows.count; i++)
        if (!wide_is_zero(&sums.rows.at[i].transfer.amount.magnitude))
            put_sum(&sums.rows.at[i], out);
    vec_release(&sums.rows);
}

void tables_text(const struct memory_tables *tables, struct packer *out)
{
    struct packer all = {0};
    memory_tables_print(tables, &all);
    for (uint32_t from = 0; from < all.bytes.count;) {
        const char *at = all.bytes.at + from;
        const char *end = memchr(at, '\n', all.bytes.count - from);
        uint32_t size = (uint32_t)(end - at) + 1;
        if (strncmp(at, "ledger ", 7) != 0)
            pack_raw(out, at, size);
        from += size;
    }
    put_sums(tables, out);
    vec_release(&all.bytes);
}
