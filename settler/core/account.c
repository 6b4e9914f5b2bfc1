#include "settler/core/account_own.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

enum { STANDSTILL_S = 2 * HOUR_S, STANDSTILL_GRACE_S = HOUR_S };

static const int64_t deadline_max_us = INT64_C(253402300799) * SECOND_US; /* 9999-12-31T23:59:59Z */

const char *account_state_name(enum account_state state)
{
    static const char *const names[ACCOUNT_STATES] = {"good", "grace", "suspended"};
    CHECK(state < ACCOUNT_STATES);
    return names[state];
}

const char *transfer_what_name(enum transfer_what what)
{
    static const char *const names[TRANSFER_WHATS] = {"credit", "debit", "charge", "bill"};
    CHECK(what < TRANSFER_WHATS);
    return names[what];
}

/* --- accounts --- */

void accounts_release(struct accounts *accounts)
{
    vec_release(&accounts->list);
    table_release(&accounts->index);
    vec_release(&accounts->touched);
    vec_release(&accounts->timed);
    *accounts = (struct accounts){0};
}

static uint64_t hash_name(uint32_t name)
{
    return hash_mix(name, 0);
}

uint32_t accounts_find(const struct accounts *accounts, uint32_t name)
{
    const struct table *index = &accounts->index;
    for (struct table_probe p = table_probe(index, hash_name(name)); table_next(index, &p);)
        if (accounts->list.at[p.index].name == name)
            return p.index;
    return UINT32_MAX;
}

uint32_t accounts_get(struct accounts *accounts, uint32_t name)
{
    uint32_t found = accounts_find(accounts, name);
    if (found != UINT32_MAX)
        return found;
    table_insert(&accounts->index, hash_name(name), accounts->list.count);
    vec_push(&accounts->list, (struct account){.name = name, .deadline_us = INT64_MIN});
    return accounts->list.count - 1;
}

struct amount account_balance(const struct account *account)
{
    struct amount left = amount_sub(&account->credited, &account->debited);
    return amount_sub(&left, &account->charged);
}

struct amount account_available(const struct account *account)
{
    struct amount balance = account_balance(account);
    return amount_sub(&balance, &account->accrued);
}

void posted_clear(struct posted *posted)
{
    vec_clear(&posted->transfers);
    vec_clear(&posted->notices);
    vec_clear(&posted->bills);
}

void posted_release(struct posted *posted)
{
    vec_release(&posted->transfers);
    vec_release(&posted->notices);
    vec_release(&posted->bills);
}

/* --- a frame's place --- */

bool place_is_standstill(const struct frame_place *place)
{
    return place->before_us != INT64_MIN &&
           place->watermark_us > place->before_us + (int64_t)STANDSTILL_S * SECOND_US;
}

/* The time that deadlines before it are moved to, with the epoch's first frame; INT64_MIN: none is. */
static int64_t moved_to_us(const struct frame_place *place)
{
    return place->first && place_is_standstill(place)
               ? place->watermark_us + (int64_t)STANDSTILL_GRACE_S * SECOND_US
               : INT64_MIN;
}

int64_t place_deadlines_until_us(const struct frame_place *place)
{
    int64_t moved_us = moved_to_us(place);
    if (moved_us != INT64_MIN)
        return moved_us - 1;
    return place->last ? place->watermark_us : INT64_MIN;
}

/* --- posting --- */

struct account *account_touch(struct accounts *accounts, uint32_t at, const struct frame_place *place)
{
    struct account *account = &accounts->list.at[at];
    if (account->seq != place->seq) {
        CHECK(account->seq < place->seq);
        account->moved = amount_zero();
        account->made_prepaid = false;
    }
    account->seq = place->seq;
    account->changed = true;
    if (!account->touched)
        vec_push(&accounts->touched, at);
    account->touched = true;
    return account;
}

static void add(struct amount *sum, const struct amount *amount)
{
    *sum = amount_add(sum, amount);
}

void account_book(const struct account *account, const struct amount *balance_before,
                  const struct transfer *transfer, struct posted *out)
{
    struct amount expected = amount_add(balance_before, &transfer->amount);
    struct amount balance = account_balance(account);
    CHECK(transfer->account == account->name && amount_equal(&balance, &expected));
    CHECK(!wide_is_zero(&transfer->amount.magnitude));
    vec_push(&out->transfers, *transfer);
}

static void post_paid(struct accounts *accounts, const struct frame_place *place, const struct paid *paid,
                      struct posted *out)
{
    struct account *account = account_touch(accounts, accounts_get(accounts, paid->account), place);
    struct amount before = account_balance(account);
    struct transfer transfer = {
        .account = paid->account,
        .name = paid->payment,
        .what = paid->credited ? TRANSFER_CREDIT : TRANSFER_DEBIT,
        .product = PRODUCT_NONE,
        .amount = paid->credited ? paid->amount : amount_negate(&paid->amount),
    };
    add(paid->credited ? &account->credited : &account->debited, &paid->amount);
    add(&account->moved, &transfer.amount);
    if (paid->for_balance && !account->prepaid)
        account->prepaid = account->made_prepaid = true;
    account_book(account, &before, &transfer, out);
}

static void post_due(struct accounts *accounts, const struct frame_place *place, const struct due *due,
                     struct posted *out)
{
    struct account *account = account_touch(accounts, accounts_get(accounts, due->account), place);
    struct amount before = account_balance(account);
    struct transfer transfer = {
        .account = due->account,
        .name = due->order,
        .what = TRANSFER_CHARGE,
        .product = due->product,
        .kind = due->kind,
        .amount = amount_negate(&due->posted),
    };
    add(&account->accrued, &due->accrued);
    account->moved = amount_sub(&account->moved, &due->accrued);
    if (wide_is_zero(&due->posted.magnitude))
        return;
    add(&account->charged, &due->posted);
    add(&account->moved, &transfer.amount);
    account_book(account, &before, &transfer, out);
}

void accounts_post(struct accounts *accounts, const struct frame_place *place,
                   const struct frame_money *money, struct posted *out)
{
    for (uint32_t i = 0; i < money->paid.count; i++)
        post_paid(accounts, place, &money->paid.at[i], out);
    for (uint32_t i = 0; i < money->dues.count; i++)
        post_due(accounts, place, &money->dues.at[i], out);
}

/* --- judging --- */

static bool is_owing(const struct account *account, const struct prices *prices)
{
    struct amount available = account_available(account);
    return amount_narrow(&available, LIMIT_DECIMALS - prices_bill_scale(prices)).negative;
}

/* A2, A3 */
static void check_state(const struct account *account)
{
    CHECK((account->state == ACCOUNT_GRACE) == (account->deadline_us != INT64_MIN));
    CHECK(account->prepaid || account->state == ACCOUNT_GOOD);
}

/* The first row of CONTRACT §6's table that holds. */
static void judge(struct account *account, const struct prices *prices, int64_t watermark_us)
{
    if (!is_owing(account, prices)) {
        account->state = ACCOUNT_GOOD;
        account->deadline_us = INT64_MIN;
    } else if (account->state == ACCOUNT_GOOD) {
        int64_t grace_us = catalog_grace_us(prices_at(prices, time_hour(time_second(watermark_us))));
        int64_t deadline_us = watermark_us + grace_us;
        account->state = grace_us == 0 ? ACCOUNT_SUSPENDED : ACCOUNT_GRACE;
        if (grace_us > 0)
            account->deadline_us = deadline_us < deadline_max_us ? deadline_us : deadline_max_us;
    } else if (account->state == ACCOUNT_GRACE && account->deadline_us <= watermark_us) {
        account->state = ACCOUNT_SUSPENDED;
        account->deadline_us = INT64_MIN;
    }
}

/* Whether the frame has it judged. */
static bool is_judged(const struct account *account, const struct frame_place *place)
{
    bool moved =
        account->seq == place->seq && (account->made_prepaid || !wide_is_zero(&account->moved.magnitude));
    bool reached =
        place->last && account->deadline_us != INT64_MIN && account->deadline_us <= place->watermark_us;
    return account->prepaid && (moved || reached);
}

/* Notes that the account may have a deadline. */
static void note_deadline(struct accounts *accounts, uint32_t at)
{
    struct account *account = &accounts->list.at[at];
    if (account->deadline_us == INT64_MIN)
        return;
    if (!account->timed)
        vec_push(&accounts->timed, at);
    account->timed = true;
    if (account->deadline_us < accounts->next_deadline_us)
        accounts->next_deadline_us = account->deadline_us;
}

static void give_notice(const struct account *account, struct posted *out)
{
    struct notice notice = {.account = account->name,
                            .state = account->state,
                            .deadline_us = account->deadline_us,
                            .balance = account_balance(account),
                            .available = account_available(account)};
    vec_push(&out->notices, notice);
}

void account_judge(struct accounts *accounts, uint32_t at, const struct prices *prices,
                   const struct frame_place *place, struct posted *out)
{
    struct account *account = &accounts->list.at[at];
    enum account_state state_before = account->state;
    int64_t deadline_before_us = account->deadline_us, moved_to = moved_to_us(place);
    CHECK(place->watermark_us != INT64_MIN);
    check_state(account);
    if (account->deadline_us != INT64_MIN && account->deadline_us < moved_to)
        account->deadline_us = moved_to;
    if (is_judged(account, place))
        judge(account, prices, place->watermark_us);
    check_state(account);
    if (account->state == state_before && account->deadline_us == deadline_before_us)
        return;
    account_touch(accounts, at, place);
    note_deadline(accounts, at);
    give_notice(account, out);
}

/* --- the end of a frame --- */

/* Those whose deadline is at or before until_us are touched too. */
static void touch_timed(struct accounts *accounts, int64_t until_us)
{
    for (; accounts->timed_until < accounts->list.count; accounts->timed_until++)
        note_deadline(accounts, accounts->timed_until);
    if (accounts->next_deadline_us > until_us)
        return;
    uint32_t kept = 0;
    accounts->next_deadline_us = INT64_MAX;
    for (uint32_t i = 0; i < accounts->timed.count; i++) {
        uint32_t at = accounts->timed.at[i];
        struct account *account = &accounts->list.at[at];
        account->timed = account->deadline_us != INT64_MIN;
        if (!account->timed)
            continue;
        accounts->timed.at[kept++] = at;
        if (account->deadline_us < accounts->next_deadline_us)
            accounts->next_deadline_us = account->deadline_us;
        if (account->deadline_us <= until_us && !account->touched)
            vec_push(&accounts->touched, at);
        account->touched |= account->deadline_us <= until_us;
    }
    accounts->timed.count = kept;
}

struct by_name {
    const struct accounts *accounts;
    const struct book *book;
};

static int compare_names(const void *a, const void *b, void *context)
{
    const struct by_name *by = context;
    uint32_t x = by->accounts->list.at[*(const uint32_t *)a].name;
    uint32_t y = by->accounts->list.at[*(const uint32_t *)b].name;
    return str_compare(names_get(&by->book->names, x), names_get(&by->book->names, y));
}

void accounts_end_frame(struct accounts *accounts, const struct book *book, const struct frame_place *place,
                        struct posted *out)
{
    struct by_name by = {accounts, book};
    touch_timed(accounts, place_deadlines_until_us(place));
    uint32_t count = accounts->touched.count;
    if (count > 1)
        qsort_r(accounts->touched.at, count, sizeof *accounts->touched.at, compare_names, &by);
    for (uint32_t i = 0; i < count; i++)
        account_judge(accounts, accounts->touched.at[i], &book->prices, place, out);
    CHECK(accounts->touched.count == count);
    for (uint32_t i = 0; i < count; i++)
        accounts->list.at[accounts->touched.at[i]].touched = false;
    vec_clear(&accounts->touched);
}
