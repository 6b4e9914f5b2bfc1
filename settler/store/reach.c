/* What a batch of frames touches, and so has to be read (DESIGN §5): the usage that it replaces, the hours in
 * which a fact or the time changes what an order covers, and in those hours every user of every order that is
 * named. One step and no further: a line is the sum over all orders that it names. */
#include "lib/base/time.h"
#include "settler/core/preview.h"
#include "settler/store/loaded.h"

void loaded_release(struct loaded *loaded)
{
    vec_release(&loaded->lines);
    vec_release(&loaded->counts);
    table_release(&loaded->usage);
    vec_release(&loaded->usage_keys);
    table_release(&loaded->orders);
    vec_release(&loaded->order_list);
    table_release(&loaded->named);
    vec_release(&loaded->named_list);
    accounts_release(&loaded->accounts);
    vec_release(&loaded->frame_rows);
}

/* --- steps --- */

static int compare_hours(const void *a, const void *b)
{
    int64_t x = ((const struct usage_key *)a)->hour_s, y = ((const struct usage_key *)b)->hour_s;
    return (x > y) - (x < y);
}

static uint64_t hash_key(struct usage_key key)
{
    return hash_mix(key.resource, (uint64_t)key.hour_s);
}

/* Where the work is too much for one transaction: takes the first hours of it, one at least. */
static void limit_hours(struct loaded *loaded)
{
    struct usage_key *keys = loaded->usage_keys.at;
    uint32_t kept = loaded->usage_keys.count;
    if (kept <= loaded->work_max)
        return;
    qsort(keys, kept, sizeof *keys, compare_hours);
    int64_t limit_s = keys[loaded->work_max].hour_s;
    if (limit_s == keys[0].hour_s)
        limit_s += HOUR_S;
    while (kept > 0 && keys[kept - 1].hour_s >= limit_s)
        kept--;
    if (kept < loaded->usage_keys.count)
        loaded->to_s = limit_s; /* else it is all of one hour, which is not divided */
    loaded->usage_keys.count = kept;
    table_clear(&loaded->usage);
    for (uint32_t i = 0; i < kept; i++)
        table_insert(&loaded->usage, hash_key(keys[i]), i);
    loaded->keys_room = 2 * (kept > loaded->work_max ? kept : loaded->work_max);
}

/* Notes that the resource's usage in that hour is wanted, if this step takes the hour. */
static void want_usage(struct loaded *loaded, uint32_t resource, int64_t hour_s)
{
    struct usage_key key = {resource, false, hour_s};
    if (hour_s < loaded->from_s || hour_s >= loaded->to_s)
        return;
    for (struct table_probe p = table_probe(&loaded->usage, hash_key(key)); table_next(&loaded->usage, &p);) {
        const struct usage_key *known = &loaded->usage_keys.at[p.index];
        if (known->resource == resource && known->hour_s == hour_s)
            return;
    }
    table_insert(&loaded->usage, hash_key(key), loaded->usage_keys.count);
    vec_push(&loaded->usage_keys, key);
    if (loaded->usage_keys.count >= loaded->keys_room)
        limit_hours(loaded);
}

/* --- orders --- */

void want_order(struct loaded *loaded, struct str account, struct str name)
{
    struct book *book = &loaded->settlement->book;
    if (name.size == 0)
        return;
    uint32_t order = book_order(book, names_intern(&book->names, account), names_intern(&book->names, name));
    uint64_t hash = hash_mix(order, 1);
    for (struct table_probe p = table_probe(&loaded->orders, hash); table_next(&loaded->orders, &p);)
        if (p.index == order)
            return;
    table_insert(&loaded->orders, hash, order);
    vec_push(&loaded->order_list, order);
}

/* Notes that usage of that hour names the order. */
static void note_named(struct loaded *loaded, uint32_t account, uint32_t name, int64_t hour_s)
{
    struct book *book = &loaded->settlement->book;
    want_order(loaded, names_get(&book->names, account), names_get(&book->names, name));
    uint32_t order = book_order(book, account, name);
    uint64_t hash = hash_mix(order, (uint64_t)hour_s);
    for (struct table_probe p = table_probe(&loaded->named, hash); table_next(&loaded->named, &p);) {
        struct named_order known = loaded->named_list.at[p.index];
        if (known.order == order && known.hour_s == hour_s)
            return;
    }
    table_insert(&loaded->named, hash, loaded->named_list.count);
    vec_push(&loaded->named_list, (struct named_order){order, hour_s});
}

/* --- of the frames --- */

static void want_level(struct loaded *loaded, const struct level_row *row)
{
    struct book *book = &loaded->settlement->book;
    uint32_t account = names_intern(&book->names, row->account);
    want_usage(loaded, book_resource(book, row->product, row->account, row->resource), row->hour_s);
    for (uint32_t s = 0; s < row->segment_count; s++)
        if (row->segments[s].order.size > 0)
            note_named(loaded, account, names_intern(&book->names, row->segments[s].order), row->hour_s);
}

/* Counts of an hour are said once in the epoch that closes it, and before that nothing is: so of an hour that
 * the epoch before left open, no table has any. */
static void want_count(struct loaded *loaded, const struct count_row *row)
{
    struct book *book = &loaded->settlement->book;
    struct line_key key = {
        .product = row->product,
        .kind = CHARGE_USAGE,
        .account = names_intern(&book->names, row->account),
        .resource = names_intern(&book->names, row->resource),
        .sku = names_intern(&book->names, row->sku),
    };
    if (row->replaces) {
        want_usage(loaded, book_resource(book, row->product, row->account, row->resource), row->hour_s);
        return;
    }
    for (uint32_t i = 0; i < row->sum_count && row->hour_s < loaded->closed_s; i++) {
        key.meter = row->sums[i].meter;
        if (i == 0 || key.meter != row->sums[i - 1].meter)
            vec_push(&loaded->counts, (struct line_at){book_line(book, &key), row->hour_s});
    }
}

static void want_frame(struct loaded *loaded, const struct frame *frame)
{
    for (uint32_t i = 0; i < frame->level_count; i++)
        want_level(loaded, &frame->levels[i]);
    for (uint32_t i = 0; i < frame->count_count; i++)
        want_count(loaded, &frame->counts[i]);
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control == CONTROL_NONE && order_takes(record->kind))
            want_order(loaded, record->account, record->subject);
    }
    /* Its epoch may have begun in a transaction before: what that said of an hour stands in the tables. */
    if (!frame->more)
        loaded->closed_s = frame->closed_s;
}

/* --- of orders whose coverage changes --- */

static void want_span(struct loaded *loaded, uint32_t order_at, int64_t from_s, int64_t to_s)
{
    const struct book_order *order = &loaded->settlement->book.orders.at[order_at];
    for (uint32_t u = 0; u < order->users.count && from_s < to_s; u++) {
        const struct order_user *user = &order->users.at[u];
        int64_t hour_s = time_hour(from_s) > user->first_hour_s ? time_hour(from_s) : user->first_hour_s;
        if (hour_s < loaded->from_s)
            hour_s = loaded->from_s;
        for (; hour_s < to_s && hour_s <= user->last_hour_s && hour_s < loaded->to_s; hour_s += HOUR_S)
            want_usage(loaded, user->resource, hour_s);
    }
}

/* The order's own lines: subscription, refund, void. */
static void want_order_lines(struct loaded *loaded, uint32_t order_at, const struct order_state *state)
{
    struct book *book = &loaded->settlement->book;
    for (uint32_t i = 0; i < state->line_count; i++) {
        struct str account = names_get(&book->names, book->orders.at[order_at].account);
        struct str name = names_get(&book->names, book->orders.at[order_at].name);
        want_usage(loaded, book_resource(book, state->product, account, name), state->lines[i].hour_s);
    }
}

/* The hours in which a fact of the batch's first frame, which then is alone, or its log time changes what an
 * order covers. */
static void want_changes(struct loaded *loaded, const struct frame *frame)
{
    struct book *book = &loaded->settlement->book;
    struct fresh_facts fresh = {0};
    preview_facts(loaded->settlement, frame, &fresh);
    for (uint32_t i = 0; i < loaded->order_list.count; i++) {
        uint32_t at = loaded->order_list.at[i];
        struct order_state after = preview_order(loaded->settlement, at, frame, &fresh, loaded->until_us);
        struct order_change change = order_changes(&book->orders.at[at].state, &after);
        for (int s = 0; s < 2; s++)
            want_span(loaded, at, change.from_s[s], change.to_s[s]);
        want_order_lines(loaded, at, &book->orders.at[at].state);
        want_order_lines(loaded, at, &after);
    }
    vec_release(&fresh.list);
}

/* --- of usage that was read --- */

static void note_orders_of_usage(struct loaded *loaded, uint32_t first_hour)
{
    const struct book *book = &loaded->settlement->book;
    for (uint32_t i = first_hour; i < book->hours.count; i++) {
        const struct line_hour *hour = &book->hours.at[i];
        uint32_t account = book->lines.at[hour->line].key.account;
        for (uint32_t u = 0; u < hour->use_count; u++)
            if (hour->uses[u].order != 0)
                note_named(loaded, account, hour->uses[u].order, hour->hour_s);
    }
}

/* What the users of orders that were noted since `first` used in those hours. */
static void want_users(struct loaded *loaded, uint32_t first)
{
    for (uint32_t i = first; i < loaded->named_list.count; i++) {
        struct named_order named = loaded->named_list.at[i];
        const struct book_order *order = &loaded->settlement->book.orders.at[named.order];
        for (uint32_t u = 0; u < order->users.count; u++)
            if (named.hour_s >= order->users.at[u].first_hour_s &&
                named.hour_s <= order->users.at[u].last_hour_s)
                want_usage(loaded, order->users.at[u].resource, named.hour_s);
    }
}

/* What hangs on the usage that was read since hour `first`: the orders that it names, and their users. */
static bool load_users(struct loaded *loaded, uint32_t first)
{
    uint32_t orders = loaded->order_list.count, named = loaded->named_list.count;
    note_orders_of_usage(loaded, first);
    if (!load_orders(loaded, orders))
        return false;
    want_users(loaded, first == 0 ? 0 : named);
    limit_hours(loaded);
    return load_usage(loaded);
}

bool load_touched(struct loaded *loaded, const struct placed_frame *frames, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        want_frame(loaded, &frames[i].frame);
    if (!load_identities(loaded, &frames[0].frame) || !load_due(loaded) || !load_orders(loaded, 0))
        return false;
    want_changes(loaded, &frames[0].frame);
    limit_hours(loaded);
    if (!load_usage(loaded))
        return false;
    uint32_t hours = loaded->settlement->book.hours.count;
    return load_users(loaded, 0) && load_users(loaded, hours) && load_counts(loaded);
}
