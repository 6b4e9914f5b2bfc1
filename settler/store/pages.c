/* The end of a frame that is settled in steps: its accounts in order of bytes, a page a transaction. Bills
 * that are due are cut of all of them; judged are those that the frame moved and those whose deadline it
 * reaches. */
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/store/loaded.h"

/* A page under way. The accounts lie in the order in which they are read. */
struct page {
    struct loaded *loaded;
    const struct post *post;
    bool bills;
    VEC(uint32_t) accounts; /* indexes into loaded->accounts */
    VEC(struct str) names;
    VEC(int64_t) months_s; /* whose bills are due */
    VEC(struct bill_sum) sums;
    VEC(uint32_t) sum_account; /* of each sum: index into accounts; rising */
};

static void page_release(struct page *page)
{
    vec_release(&page->accounts);
    vec_release(&page->names);
    vec_release(&page->months_s);
    vec_release(&page->sums);
    vec_release(&page->sum_account);
}

static void add_account(void *context, const struct account_row *row)
{
    struct page *page = context;
    struct names *names = &page->loaded->settlement->book.names;
    struct accounts *accounts = &page->loaded->accounts;
    uint32_t name = names_intern(names, row->name);
    uint32_t at = accounts_get(accounts, name);
    struct account *account = &accounts->list.at[at];
    *account = row->account;
    account->name = name;
    /* What a frame in steps kept of its way is of no more use, and goes. */
    account->changed = account->made_prepaid || !wide_is_zero(&account->moved.magnitude);
    account->touched = account->timed = false;
    vec_push(&page->accounts, at);
    vec_push(&page->names, names_get(names, name));
}

static void take_sum(void *context, uint32_t account, const struct bill_sum *sum)
{
    struct page *page = context;
    uint32_t count = page->sum_account.count;
    CHECK(account < page->accounts.count && (count == 0 || page->sum_account.at[count - 1] <= account));
    vec_push(&page->sums, *sum);
    vec_push(&page->sum_account, account);
}

static bool load_sums(struct page *page)
{
    struct loaded *loaded = page->loaded;
    const struct frame_place *place = &page->post->place;
    for (int64_t m = page->post->next_month_s; bill_is_due(m, place->watermark_us); m = time_add_months(m, 1))
        vec_push(&page->months_s, m);
    struct bill_question question = {page->names.at, page->names.count, page->months_s.at,
                                     page->months_s.count};
    return question.account_count == 0 ||
           good(loaded->store->ops->read_bill_sums(loaded->store, &question, take_sum, page, loaded->error));
}

static void judge_accounts(struct page *page, struct posted *posted)
{
    struct loaded *loaded = page->loaded;
    const struct prices *prices = &loaded->settlement->book.prices;
    const struct frame_place *place = &page->post->place;
    for (uint32_t i = 0, sum = 0; i < page->accounts.count; i++) {
        uint32_t first = sum;
        while (sum < page->sums.count && page->sum_account.at[sum] == i)
            sum++;
        if (sum > first)
            account_bill(&loaded->accounts, page->accounts.at[i], prices, place,
                         (struct bill_sums){page->sums.at + first, sum - first}, posted);
        account_judge(&loaded->accounts, page->accounts.at[i], prices, place, posted);
    }
}

static bool write_cuts(struct page *page)
{
    struct store *store = page->loaded->store;
    const struct post *post = page->post;
    VEC(struct bill_cut_row) rows = {0};
    for (uint32_t i = 0; i < page->months_s.count; i++)
        vec_push(&rows, (struct bill_cut_row){post->frame->partition, page->months_s.at[i], post->frame->seq,
                                              post->place.watermark_us});
    note_frame(page->loaded, post->frame);
    bool written = good(store->ops->write_bill_cuts(store, rows.at, rows.count, page->loaded->error));
    vec_release(&rows);
    return written;
}

static bool settle_read_page(struct page *page, struct numbers *numbers, bool end)
{
    struct posted posted = {0};
    if (page->bills && !load_sums(page))
        return false;
    judge_accounts(page, &posted);
    bool written = put_posted(page->loaded, page->post, &posted, numbers) &&
                   (!end || !page->bills || write_cuts(page)) && write_accounts(page->loaded, false);
    posted_release(&posted);
    return written;
}

bool settle_page(struct loaded *loaded, const struct post *post, const struct account_page *page, bool bills,
                 struct numbers *numbers, bool *end)
{
    struct page under_way = {.loaded = loaded, .post = post, .bills = bills};
    loaded->known->deadline_known = false; /* until all pages are written */
    bool settled = good(
        loaded->store->ops->read_account_page(loaded->store, page, add_account, &under_way, loaded->error));
    *end = under_way.accounts.count < page->limit;
    settled = settled && settle_read_page(&under_way, numbers, *end);
    page_release(&under_way);
    return settled;
}
