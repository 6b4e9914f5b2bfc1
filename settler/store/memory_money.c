/* The tables in memory: charges, ledger, bills, notices, and the frames that wrote them. */
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"
#include "settler/store/memory_own.h"

/* --- what is put --- */

enum error_class memory_put_charge(struct store *store, const struct charge_row *row, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    struct charge_row copy = *row;
    if (class != ERROR_NONE)
        return class;
    copy.account = memory_keep(memory, row->account);
    copy.sku = memory_keep(memory, row->sku);
    copy.units = memory_keep(memory, row->units);
    copy.amount = memory_keep(memory, row->amount);
    vec_push(&memory->tables->rows.charges, copy);
    return memory_leave(memory, error);
}

enum error_class memory_put_transfer(struct store *store, const struct ledger_row *row, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    struct ledger_row copy = *row;
    if (class != ERROR_NONE)
        return class;
    copy.account = memory_keep(memory, row->account);
    copy.name = memory_keep(memory, row->name);
    vec_push(&memory->tables->rows.ledger, copy);
    return memory_leave(memory, error);
}

enum error_class memory_put_bill_total(struct store *store, const struct bill_total_row *row,
                                       struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    struct bill_total_row copy = *row;
    if (class != ERROR_NONE)
        return class;
    copy.account = memory_keep(memory, row->account);
    vec_push(&memory->tables->rows.bill_totals, copy);
    return memory_leave(memory, error);
}

enum error_class memory_put_notice(struct store *store, const struct notice_row *row, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    struct notice_row copy = *row;
    if (class != ERROR_NONE)
        return class;
    copy.account = memory_keep(memory, row->account);
    vec_push(&memory->tables->rows.notices, copy);
    return memory_leave(memory, error);
}

static bool has_frame(const struct memory_rows *rows, const struct frame_row *frame)
{
    for (uint32_t i = rows->frames.count; i > 0; i--)
        if (rows->frames.at[i - 1].partition == frame->partition && rows->frames.at[i - 1].seq == frame->seq)
            return true;
    return false;
}

static bool has_step(const struct memory_rows *rows, const struct frame_row *frame)
{
    for (uint32_t i = rows->frame_steps.count; i > 0; i--) {
        const struct frame_row *step = &rows->frame_steps.at[i - 1];
        if (step->partition == frame->partition && step->seq == frame->seq && step->step == frame->step)
            return true;
    }
    return false;
}

enum error_class memory_write_frames(struct store *store, const struct frame_row *added, uint32_t count,
                                     struct error *error)
{
    struct memory_store *memory = memory_of(store);
    struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        if (has_step(rows, &added[i]))
            return error_set(error, ERROR_RETRY, "frame_steps", "the frame's step is there already");
        vec_push(&rows->frame_steps, added[i]);
        if (!has_frame(rows, &added[i]))
            vec_push(&rows->frames, added[i]);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

enum error_class memory_write_bill_cuts(struct store *store, const struct bill_cut_row *added, uint32_t count,
                                        struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++)
        vec_push(&memory->tables->rows.bill_cuts, added[i]);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

enum error_class memory_read_payments(struct store *store, const struct payment_identity *payments,
                                      uint32_t count, take_payment *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    const struct memory_rows *rows = &memory->tables->rows;
    enum error_class class = memory_enter(memory, error);
    for (uint32_t p = 0; p < rows->payments.count && class == ERROR_NONE; p++) {
        const struct record *known = &rows->payments.at[p].record;
        for (uint32_t i = 0; i < count; i++)
            if (known->kind == payments[i].kind && str_equal(known->account, payments[i].account) &&
                str_equal(known->subject, payments[i].payment))
                take(context, &payments[i]);
    }
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}

/* --- bills --- */

/* What stands in an account's bill of a month, by hour, product, sku, meter and kind. */
struct group {
    const struct charge_row *key; /* one of its rows */
    struct amount units, amount, accrued;
    int64_t lines, unpriced;
};

struct bill {
    VEC(struct group) groups;
};

static struct group *group_of(struct bill *bill, const struct charge_row *row)
{
    for (uint32_t i = 0; i < bill->groups.count; i++) {
        const struct charge_row *key = bill->groups.at[i].key;
        if (key->hour_s == row->hour_s && key->product == row->product && str_equal(key->sku, row->sku) &&
            key->meter == row->meter && key->kind == row->kind)
            return &bill->groups.at[i];
    }
    vec_push(&bill->groups, (struct group){.key = row});
    return &bill->groups.at[bill->groups.count - 1];
}

static void add_row(struct bill *bill, const struct charge_row *row)
{
    struct group *group = group_of(bill, row);
    struct amount units, amount;
    CHECK(amount_read(row->units.at, row->units.size, 0, &units));
    CHECK(amount_read(row->amount.at, row->amount.size, LIMIT_DECIMALS, &amount));
    group->units = amount_add(&group->units, &units);
    group->amount = amount_add(&group->amount, &amount);
    if (row->accrues)
        group->accrued = amount_add(&group->accrued, &amount);
    group->lines += row->lines;
    group->unpriced += row->unpriced;
}

static bool is_zero(const struct group *group)
{
    return group->lines == 0 && group->unpriced == 0 && wide_is_zero(&group->units.magnitude) &&
           wide_is_zero(&group->amount.magnitude);
}

/* The bill's groups of that product. False: it has none. */
static bool sum_product(const struct bill *bill, struct bill_sum *sum)
{
    bool any = false;
    sum->zero = true;
    for (uint32_t i = 0; i < bill->groups.count; i++) {
        const struct group *group = &bill->groups.at[i];
        if (group->key->product != sum->product)
            continue;
        any = true;
        sum->zero &= is_zero(group);
        sum->amount = amount_add(&sum->amount, &group->amount);
        sum->accrued = amount_add(&sum->accrued, &group->accrued);
        sum->unpriced += group->unpriced;
    }
    return any;
}

static void take_bill(const struct bill *bill, int64_t month_s, uint32_t account, take_bill_sum *take,
                      void *context)
{
    /* In order of their names. */
    static const enum product order[PRODUCT_COUNT] = {PRODUCT_CONTAINER, PRODUCT_MAAS, PRODUCT_MODEL,
                                                      PRODUCT_NODE, PRODUCT_STORAGE};
    for (int p = 0; p < PRODUCT_COUNT; p++) {
        struct bill_sum sum = {.product = order[p], .month_s = month_s};
        if (sum_product(bill, &sum))
            take(context, account, &sum);
    }
}

static void collect(const struct memory_rows *rows, struct str account, int64_t month_s, struct bill *bill)
{
    vec_clear(&bill->groups);
    for (uint32_t i = 0; i < rows->charges.count; i++) {
        const struct charge_row *row = &rows->charges.at[i];
        int64_t billed_s = row->billed_s == INT64_MIN ? time_month(row->hour_s) : row->billed_s;
        if (billed_s == month_s && str_equal(row->account, account))
            add_row(bill, row);
    }
}

enum error_class memory_read_bill_sums(struct store *store, const struct bill_question *question,
                                       take_bill_sum *take, void *context, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    struct bill bill = {0};
    for (uint32_t a = 0; a < question->account_count && class == ERROR_NONE; a++)
        for (uint32_t m = 0; m < question->month_count; m++) {
            collect(&memory->tables->rows, question->accounts[a], question->months_s[m], &bill);
            take_bill(&bill, question->months_s[m], a, take, context);
        }
    vec_release(&bill.groups);
    return class == ERROR_NONE ? memory_leave(memory, error) : class;
}
