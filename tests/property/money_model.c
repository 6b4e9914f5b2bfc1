#include "tests/property/money_model.h"

#include "lib/base/check.h"
#include "lib/base/vec.h"
#include "tests/property/money_sum.h"

static const int64_t second_us = 1000000;
static const int64_t hour_us = 3600 * second_us;
static const int64_t last_deadline_us = 253402300799 * second_us; /* 9999-12-31T23:59:59Z */
enum { DAY_S = 86400 };
_Static_assert((int)MONEY_TEXT_SIZE >= (int)SUM_TEXT_SIZE, "a sum fits its text");

/* A charge that no bill holds yet. */
struct row {
    const char *product, *sku, *meter, *kind;
    int64_t hour_s;
    bool cycle;
    mpz_t units, amount;
    int64_t unpriced, lines;
};
typedef VEC(struct row) row_list;

struct account {
    const char *name;
    bool prepaid;
    enum money_state state;
    int64_t deadline_us; /* 0 but in grace */
    mpz_t credited, debited, charged, accrued;
    mpz_t carried; /* by its last bill */
    int64_t lines;
    row_list open;
    /* As they were when the frame began. */
    bool was_prepaid;
    enum money_state was_state;
    int64_t was_deadline_us;
    mpz_t was_available;
};

/* A part of a transfer: those of one transfer are alike in all but `change`. */
struct part {
    struct money_transfer of;
    uint32_t place; /* of a payment in its frame */
    mpz_t change;
};

struct payment_name {
    const char *account, *subject;
    bool credited;
};

struct money_model {
    char currency[4];
    uint32_t bill_scale;
    VEC(char *) texts;                 /* by bytes: one text is one pointer */
    VEC(struct account *) accounts;    /* by name */
    VEC(struct payment_name) payments; /* by account, subject and direction */
    int64_t next_month;                /* to be cut, in months since year 0 */
    bool has_time;                     /* next_month is set */
    bool inside_epoch;                 /* the frame before was not its epoch's last */
    bool has_before;
    int64_t before_us; /* the watermark of the last whole epoch */
    VEC(struct part) parts;
    VEC(struct money_notice) notices;
    VEC(struct money_transfer) transfers;
    VEC(struct money_bill) bills;
    VEC(struct money_balance) balances;
};

/* --- what is known by name --- */

/* The one copy of a text. */
static const char *keep(struct money_model *model, const char *text)
{
    uint32_t from = 0, to = model->texts.count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (strcmp(model->texts.at[middle], text) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == model->texts.count || strcmp(model->texts.at[from], text) != 0)
        vec_insert(&model->texts, from, strdup(text));
    return model->texts.at[from];
}

static struct account *account_of(struct money_model *model, const char *name)
{
    uint32_t from = 0, to = model->accounts.count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (strcmp(model->accounts.at[middle]->name, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < model->accounts.count && strcmp(model->accounts.at[from]->name, name) == 0)
        return model->accounts.at[from];
    struct account *account = calloc(1, sizeof *account);
    CHECK(account);
    account->name = keep(model, name);
    mpz_inits(account->credited, account->debited, account->charged, account->accrued, account->carried,
              account->was_available, NULL);
    vec_insert(&model->accounts, from, account);
    return account;
}

/* Whether a payment is one that was there before; if not, it is from now on. */
static bool is_repeat(struct money_model *model, const struct payment_name *name)
{
    for (uint32_t i = 0; i < model->payments.count; i++) {
        const struct payment_name *known = &model->payments.at[i];
        if (known->account == name->account && known->subject == name->subject &&
            known->credited == name->credited)
            return true;
    }
    vec_push(&model->payments, *name);
    return false;
}

/* --- posting --- */

static void find_balance(mpz_t out, const struct account *account)
{
    mpz_sub(out, account->credited, account->debited);
    mpz_sub(out, out, account->charged);
}

static void find_available(mpz_t out, const struct account *account)
{
    find_balance(out, account);
    mpz_sub(out, out, account->accrued);
}

static void transfer(struct money_model *model, struct money_transfer of, uint32_t place, const mpz_t amount,
                     bool out)
{
    struct part part = {.of = of, .place = place};
    mpz_init_set(part.change, amount);
    if (out)
        mpz_neg(part.change, part.change);
    vec_push(&model->parts, part);
}

static void post_payment(struct money_model *model, const struct money_payment *payment, uint32_t place)
{
    struct account *account = account_of(model, payment->account);
    struct payment_name name = {account->name, keep(model, payment->subject), payment->credited};
    if (is_repeat(model, &name) || strcmp(payment->currency, model->currency) != 0)
        return;
    mpz_t amount;
    mpz_init(amount);
    money_read(amount, payment->amount);
    if (payment->credited)
        mpz_add(account->credited, account->credited, amount);
    else
        mpz_add(account->debited, account->debited, amount);
    account->prepaid |= payment->credited && !payment->for_bill;
    struct money_transfer of = {.account = account->name, .name = name.subject, .product = "", .kind = ""};
    of.what = payment->credited ? MONEY_CREDIT : MONEY_DEBIT;
    transfer(model, of, place, amount, !payment->credited);
    mpz_clear(amount);
}

static void post_charge(struct money_model *model, const struct money_charge *charge)
{
    struct account *account = account_of(model, charge->account);
    struct row row = {.product = keep(model, charge->product),
                      .sku = keep(model, charge->sku),
                      .meter = keep(model, charge->meter),
                      .kind = keep(model, charge->kind),
                      .hour_s = charge->hour_s,
                      .cycle = charge->cycle,
                      .unpriced = charge->unpriced,
                      .lines = charge->lines};
    mpz_inits(row.units, row.amount, NULL);
    CHECK(mpz_set_str(row.units, charge->units, 10) == 0);
    money_read(row.amount, charge->amount);
    account->lines += row.lines;
    if (row.cycle) {
        mpz_add(account->accrued, account->accrued, row.amount);
    } else {
        mpz_add(account->charged, account->charged, row.amount);
        struct money_transfer of = {.account = account->name,
                                    .what = MONEY_CHARGE,
                                    .product = row.product,
                                    .kind = row.kind,
                                    .name = keep(model, charge->name)};
        transfer(model, of, 0, row.amount, true);
    }
    vec_push(&account->open, row);
}

/* --- bills --- */

static bool is_due(int64_t month, int64_t watermark_us)
{
    return (money_month_start_s(month + 1) + DAY_S) * second_us <= watermark_us;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = strcmp(x->product, y->product);
    if (order == 0)
        order = (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
    if (order == 0)
        order = strcmp(x->sku, y->sku);
    if (order == 0)
        order = strcmp(x->meter, y->meter);
    return order == 0 ? strcmp(x->kind, y->kind) : order;
}

/* What rows come to. */
struct sums {
    mpz_t units, amount;
    int64_t unpriced, lines;
};

static void sums_init(struct sums *sums)
{
    mpz_inits(sums->units, sums->amount, NULL);
    sums->unpriced = sums->lines = 0;
}

static void sums_release(struct sums *sums)
{
    mpz_clears(sums->units, sums->amount, NULL);
}

static void sums_add(struct sums *sums, const struct row *row)
{
    mpz_add(sums->units, sums->units, row->units);
    mpz_add(sums->amount, sums->amount, row->amount);
    sums->unpriced += row->unpriced;
    sums->lines += row->lines;
}

/* Whether the rows of one (hour, product, sku, meter, kind), the first of `count`, change anything; *next is
 * the first row of another. */
static bool group_counts(const struct row *rows, uint32_t count, uint32_t *next)
{
    struct sums sums;
    sums_init(&sums);
    uint32_t i = 0;
    for (; i < count && compare_rows(&rows[i], &rows[0]) == 0; i++)
        sums_add(&sums, &rows[i]);
    *next = i;
    bool counts =
        mpz_sgn(sums.units) != 0 || mpz_sgn(sums.amount) != 0 || sums.unpriced != 0 || sums.lines != 0;
    sums_release(&sums);
    return counts;
}

static struct money_bill *add_to_bill(struct money_model *model, const struct account *account, int64_t month,
                                      const char *product)
{
    struct money_bill bill = {
        .account = account->name, .month_s = money_month_start_s(month), .product = product};
    vec_push(&model->bills, bill);
    return &model->bills.at[model->bills.count - 1];
}

/* Takes the rows that stand in the month's bill out of those that no bill holds, sorted. */
static row_list rows_of_bill(struct account *account, int64_t month)
{
    row_list rows = {0};
    uint32_t kept = 0;
    for (uint32_t i = 0; i < account->open.count; i++) {
        struct row row = account->open.at[i];
        if (row.hour_s < money_month_start_s(month + 1))
            vec_push(&rows, row);
        else
            account->open.at[kept++] = row;
    }
    account->open.count = kept;
    if (rows.count > 0)
        qsort(rows.at, rows.count, sizeof *rows.at, compare_rows);
    return rows;
}

/* The products of a bill, each with a group that changes something; the sum of all goes to `whole`. Whether
 * there are any. */
static bool bill_products(struct money_model *model, const struct account *account, int64_t month,
                          const row_list *rows, struct sums *whole)
{
    bool any = false;
    for (uint32_t from = 0, to = 0; from < rows->count; from = to) {
        const char *product = rows->at[from].product;
        struct sums sums;
        sums_init(&sums);
        bool counts = false;
        while (to < rows->count && rows->at[to].product == product) {
            uint32_t next;
            counts |= group_counts(rows->at + to, rows->count - to, &next);
            for (; next > 0; next--, to++) {
                sums_add(&sums, &rows->at[to]);
                sums_add(whole, &rows->at[to]);
            }
        }
        if (counts) {
            struct money_bill *bill = add_to_bill(model, account, month, product);
            money_write(bill->amount, sums.amount);
            bill->unpriced = sums.unpriced;
        }
        any |= counts;
        sums_release(&sums);
    }
    return any;
}

/* What accrued is asked for by the bill: the balance goes down by it. */
static void post_bill(struct money_model *model, struct account *account, int64_t month, const row_list *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->at[i];
        if (!row->cycle)
            continue;
        mpz_sub(account->accrued, account->accrued, row->amount);
        mpz_add(account->charged, account->charged, row->amount);
        struct money_transfer of = {.account = account->name,
                                    .what = MONEY_BILL,
                                    .product = row->product,
                                    .kind = "",
                                    .name = "",
                                    .month_s = money_month_start_s(month)};
        transfer(model, of, 0, row->amount, true);
    }
}

static void cut_account(struct money_model *model, struct account *account, int64_t month)
{
    row_list rows = rows_of_bill(account, month);
    struct sums whole;
    sums_init(&whole);
    uint32_t at = model->bills.count;
    add_to_bill(model, account, month, "*");
    if (bill_products(model, account, month, &rows, &whole)) {
        struct money_bill *bill = &model->bills.at[at];
        money_write(bill->amount, whole.amount);
        bill->unpriced = whole.unpriced;
        mpz_t payable;
        mpz_init(payable);
        mpz_add(account->carried, account->carried, whole.amount);
        money_round(payable, account->carried, model->bill_scale);
        mpz_sub(account->carried, account->carried, payable);
        money_write(bill->payable, payable);
        money_write(bill->carried, account->carried);
        mpz_clear(payable);
    } else {
        model->bills.count = at;
    }
    post_bill(model, account, month, &rows);
    sums_release(&whole);
    for (uint32_t i = 0; i < rows.count; i++)
        mpz_clears(rows.at[i].units, rows.at[i].amount, NULL);
    vec_release(&rows);
}

/* --- states --- */

/* It is nobody's grace that no collector was alive. */
static void lengthen_deadlines(struct money_model *model, int64_t watermark_us)
{
    for (uint32_t i = 0; i < model->accounts.count; i++) {
        struct account *account = model->accounts.at[i];
        if (account->state == MONEY_GRACE && account->deadline_us < watermark_us + hour_us)
            account->deadline_us = watermark_us + hour_us;
    }
}

static int64_t deadline_of(const struct money_frame *frame)
{
    if (frame->grace_us > last_deadline_us - frame->watermark_us)
        return last_deadline_us;
    return frame->watermark_us + frame->grace_us;
}

/* The first row of the contract's table that holds. */
static void judge(const struct money_model *model, struct account *account, const struct money_frame *frame)
{
    mpz_t available, due;
    mpz_inits(available, due, NULL);
    find_available(available, account);
    money_round(due, available, model->bill_scale);
    if (mpz_sgn(due) >= 0) {
        account->state = MONEY_GOOD;
    } else if (account->state == MONEY_GOOD) {
        account->state = frame->grace_us == 0 ? MONEY_SUSPENDED : MONEY_GRACE;
        account->deadline_us = deadline_of(frame);
    } else if (account->state == MONEY_GRACE && account->deadline_us <= frame->watermark_us) {
        account->state = MONEY_SUSPENDED;
    }
    if (account->state != MONEY_GRACE)
        account->deadline_us = 0;
    mpz_clears(available, due, NULL);
}

static bool is_to_be_judged(const struct account *account, const struct money_frame *frame)
{
    mpz_t available;
    mpz_init(available);
    find_available(available, account);
    bool changed = mpz_cmp(available, account->was_available) != 0;
    mpz_clear(available);
    bool made_prepaid = account->prepaid && !account->was_prepaid;
    bool reached =
        !frame->more && account->state == MONEY_GRACE && account->deadline_us <= frame->watermark_us;
    return account->prepaid && (changed || made_prepaid || reached);
}

static void notice(struct money_model *model, const struct account *account, int64_t watermark_us)
{
    struct money_notice notice = {.account = account->name,
                                  .state = account->state,
                                  .n = model->notices.count + 1,
                                  .deadline_us = account->deadline_us,
                                  .deadline_s = money_floor(account->deadline_us, second_us),
                                  .at_s = money_floor(watermark_us, second_us)};
    mpz_t sum;
    mpz_init(sum);
    find_balance(sum, account);
    money_write(notice.balance, sum);
    find_available(sum, account);
    money_write(notice.available, sum);
    mpz_clear(sum);
    vec_push(&model->notices, notice);
}

/* --- frames --- */

static int compare_parts(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    static const int rank[] = {[MONEY_CREDIT] = 0, [MONEY_DEBIT] = 0, [MONEY_CHARGE] = 1, [MONEY_BILL] = 2};
    int order = strcmp(x->of.account, y->of.account);
    if (order == 0)
        order = rank[x->of.what] - rank[y->of.what];
    if (order == 0)
        order = (x->place > y->place) - (x->place < y->place);
    if (order == 0)
        order = (x->of.month_s > y->of.month_s) - (x->of.month_s < y->of.month_s);
    if (order == 0)
        order = strcmp(x->of.product, y->of.product);
    if (order == 0)
        order = strcmp(x->of.kind, y->of.kind);
    return order == 0 ? strcmp(x->of.name, y->of.name) : order;
}

/* Adds up the parts of each transfer; what comes to nothing is none. */
static void say_transfers(struct money_model *model)
{
    if (model->parts.count > 0)
        qsort(model->parts.at, model->parts.count, sizeof *model->parts.at, compare_parts);
    for (uint32_t i = 0, next; i < model->parts.count; i = next) {
        struct part *first = &model->parts.at[i];
        for (next = i + 1; next < model->parts.count; next++) {
            if (compare_parts(&model->parts.at[next], first) != 0)
                break;
            mpz_add(first->change, first->change, model->parts.at[next].change);
        }
        money_write(first->of.amount, first->change);
        if (mpz_sgn(first->change) != 0)
            vec_push(&model->transfers, first->of);
    }
    for (uint32_t i = 0; i < model->parts.count; i++)
        mpz_clear(model->parts.at[i].change);
    vec_clear(&model->parts);
}

static void begin_frame(struct money_model *model, const struct money_frame *frame)
{
    vec_clear(&model->notices);
    vec_clear(&model->transfers);
    vec_clear(&model->bills);
    if (!model->has_time) {
        model->has_time = true;
        model->next_month = money_month_of(money_floor(frame->watermark_us, second_us));
        while (!is_due(model->next_month - 1, frame->watermark_us))
            model->next_month--;
    }
    for (uint32_t i = 0; i < model->accounts.count; i++) {
        struct account *account = model->accounts.at[i];
        account->was_prepaid = account->prepaid;
        account->was_state = account->state;
        account->was_deadline_us = account->deadline_us;
        find_available(account->was_available, account);
    }
    if (!model->inside_epoch && model->has_before && frame->watermark_us - model->before_us > 2 * hour_us)
        lengthen_deadlines(model, frame->watermark_us);
}

/* Whether a month was cut. */
static bool cut_bills(struct money_model *model, int64_t watermark_us)
{
    int64_t first = model->next_month;
    for (; is_due(model->next_month, watermark_us); model->next_month++)
        for (uint32_t i = 0; i < model->accounts.count; i++)
            cut_account(model, model->accounts.at[i], model->next_month);
    return model->next_month > first;
}

struct money_said money_model_take(struct money_model *model, const struct money_frame *frame)
{
    begin_frame(model, frame);
    for (uint32_t i = 0; i < frame->payment_count; i++)
        post_payment(model, &frame->payments[i], i);
    for (uint32_t i = 0; i < frame->charge_count; i++)
        post_charge(model, &frame->charges[i]);
    bool cut = !frame->more && cut_bills(model, frame->watermark_us);
    say_transfers(model);
    for (uint32_t i = 0; i < model->accounts.count; i++) {
        struct account *account = model->accounts.at[i];
        if (is_to_be_judged(account, frame))
            judge(model, account, frame);
        if (account->state != account->was_state || account->deadline_us != account->was_deadline_us)
            notice(model, account, frame->watermark_us);
    }
    model->inside_epoch = frame->more;
    if (!frame->more) {
        model->has_before = true;
        model->before_us = frame->watermark_us;
    }
    return (struct money_said){.notices = model->notices.at,
                               .notice_count = model->notices.count,
                               .transfers = model->transfers.at,
                               .transfer_count = model->transfers.count,
                               .bills = model->bills.at,
                               .bill_count = model->bills.count,
                               .cut_up_to_s = cut ? money_month_start_s(model->next_month) : 0};
}

/* --- the whole --- */

struct money_model *money_model_new(const char *currency, uint32_t bill_scale)
{
    struct money_model *model = calloc(1, sizeof *model);
    CHECK(model && strlen(currency) == 3 && bill_scale <= SUM_DECIMALS);
    memcpy(model->currency, currency, sizeof model->currency);
    model->bill_scale = bill_scale;
    return model;
}

static void account_free(struct account *account)
{
    mpz_clears(account->credited, account->debited, account->charged, account->accrued, account->carried,
               account->was_available, NULL);
    for (uint32_t i = 0; i < account->open.count; i++)
        mpz_clears(account->open.at[i].units, account->open.at[i].amount, NULL);
    vec_release(&account->open);
    free(account);
}

void money_model_free(struct money_model *model)
{
    if (!model)
        return;
    for (uint32_t i = 0; i < model->accounts.count; i++)
        account_free(model->accounts.at[i]);
    for (uint32_t i = 0; i < model->texts.count; i++)
        free(model->texts.at[i]);
    vec_release(&model->accounts);
    vec_release(&model->texts);
    vec_release(&model->payments);
    vec_release(&model->parts);
    vec_release(&model->notices);
    vec_release(&model->transfers);
    vec_release(&model->bills);
    vec_release(&model->balances);
    free(model);
}

const struct money_balance *money_model_balances(struct money_model *model, uint32_t *count)
{
    vec_clear(&model->balances);
    mpz_t sum;
    mpz_init(sum);
    for (uint32_t i = 0; i < model->accounts.count; i++) {
        const struct account *account = model->accounts.at[i];
        struct money_balance balance = {.account = account->name,
                                        .prepaid = account->prepaid,
                                        .state = account->state,
                                        .deadline_us = account->deadline_us};
        balance.reported = account->lines != 0 || mpz_sgn(account->charged) != 0 ||
                           mpz_sgn(account->credited) != 0 || mpz_sgn(account->debited) != 0;
        money_write(balance.credited, account->credited);
        money_write(balance.debited, account->debited);
        money_write(balance.charged, account->charged);
        money_write(balance.accrued, account->accrued);
        find_balance(sum, account);
        money_write(balance.balance, sum);
        find_available(sum, account);
        money_write(balance.available, sum);
        vec_push(&model->balances, balance);
    }
    mpz_clear(sum);
    *count = model->balances.count;
    return model->balances.at;
}
