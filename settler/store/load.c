/* Reading what a batch wants of the tables into the book, one query a table and phase. */
#include "settler/store/loaded.h"

#include "lib/base/check.h"
#include "settler/core/usage.h"

/* So many keys are asked for at once: an answer is bounded, however much a step wants. */
enum { KEYS_AT_ONCE = 8192 };

/* --- catalogs --- */

static void add_catalog(void *context, const struct catalog_row *row)
{
    CHECK(prices_add(context, row->catalog.from_s, row->catalog.text));
}

bool load_catalogs(struct loaded *loaded)
{
    struct prices *prices = &loaded->settlement->book.prices;
    return prices->list.count > 0 ||
           good(loaded->store->ops->read_catalogs(loaded->store, loaded->partition, add_catalog, prices,
                                                  loaded->error));
}

/* --- usage --- */

static void take_last(struct book *book, uint32_t hour, const struct settled_table_row *last)
{
    struct settled *settled = &book->hours.at[hour].settled;
    uint32_t scale = prices_charge_scale(&book->prices);
    CHECK(usage_unpack(book, hour, last->usage));
    settled->ever = true;
    settled->priced = last->priced;
    settled->exists = last->exists;
    CHECK(u128_parse(last->units.at, last->units.size, &settled->units));
    CHECK(amount_parse(last->total.at, last->total.size, scale, &settled->total));
}

/* What was asked of in one query, and what it is in the book. */
struct asked_usage {
    struct loaded *loaded;
    VEC(uint32_t) numbers; /* index into usage_keys */
    VEC(struct resource_hour) keys;
};

/* A line of a wanted resource, and what was settled of it last in that hour, if anything was. */
static void take_line(void *context, uint32_t number, const struct line_names *names,
                      const struct settled_table_row *last)
{
    struct asked_usage *asked = context;
    struct book *book = &asked->loaded->settlement->book;
    CHECK(number < asked->numbers.count);
    struct usage_key wanted = asked->loaded->usage_keys.at[asked->numbers.at[number]];
    const struct book_resource *resource = &book->resources.at[wanted.resource];
    struct line_key key = {
        .product = resource->product,
        .meter = names->meter,
        .kind = names->kind,
        .account = resource->account,
        .resource = resource->name,
        .sku = names_intern(&book->names, names->sku),
    };
    uint32_t line = book_line(book, &key);
    line_is_kept(asked->loaded, line);
    if (last != NULL)
        take_last(book, book_hour(book, line, wanted.hour_s), last);
}

/* Lines that have a name and no row in that hour come too: their names need not be written again. */
static bool load_some_usage(struct loaded *loaded, uint32_t *next)
{
    const struct book *book = &loaded->settlement->book;
    struct asked_usage asked = {.loaded = loaded};
    for (; *next < loaded->usage_keys.count && asked.keys.count < KEYS_AT_ONCE; ++*next) {
        struct usage_key *key = &loaded->usage_keys.at[*next];
        if (key->loaded)
            continue;
        key->loaded = true;
        const struct book_resource *r = &book->resources.at[key->resource];
        vec_push(&asked.numbers, *next);
        vec_push(&asked.keys, (struct resource_hour){r->product, names_get(&book->names, r->account),
                                                     names_get(&book->names, r->name), key->hour_s});
    }
    bool loaded_all = asked.keys.count == 0 ||
                      good(loaded->store->ops->read_usage(loaded->store, asked.keys.at, asked.keys.count,
                                                          take_line, &asked, loaded->error));
    vec_release(&asked.numbers);
    vec_release(&asked.keys);
    return loaded_all;
}

bool load_usage(struct loaded *loaded)
{
    bool all = true;
    for (uint32_t next = 0; all && next < loaded->usage_keys.count;)
        all = load_some_usage(loaded, &next);
    return all;
}

struct asked_counts {
    struct loaded *loaded;
    VEC(struct line_at) lines;
    VEC(struct one_line_hour) keys;
};

static void take_count(void *context, uint32_t number, const struct line_names *names,
                       const struct settled_table_row *last)
{
    struct asked_counts *asked = context;
    struct book *book = &asked->loaded->settlement->book;
    CHECK(number < asked->lines.count && names == NULL && last != NULL);
    struct line_at at = asked->lines.at[number];
    line_is_kept(asked->loaded, at.line);
    take_last(book, book_hour(book, at.line, at.hour_s), last);
}

static bool load_some_counts(struct loaded *loaded, uint32_t *next)
{
    const struct book *book = &loaded->settlement->book;
    struct asked_counts asked = {.loaded = loaded};
    for (; *next < loaded->counts.count && asked.keys.count < KEYS_AT_ONCE; ++*next) {
        struct line_at at = loaded->counts.at[*next];
        if (at.hour_s < loaded->from_s || at.hour_s >= loaded->to_s)
            continue;
        struct one_line_hour key = {.account = names_get(&book->names, book->lines.at[at.line].key.account),
                                    .hour_s = at.hour_s};
        memcpy(key.line, line_state(loaded, at.line)->id, LINE_ID_SIZE);
        vec_push(&asked.lines, at);
        vec_push(&asked.keys, key);
    }
    bool loaded_all = asked.keys.count == 0 ||
                      good(loaded->store->ops->read_lines(loaded->store, asked.keys.at, asked.keys.count,
                                                          take_count, &asked, loaded->error));
    vec_release(&asked.lines);
    vec_release(&asked.keys);
    return loaded_all;
}

bool load_counts(struct loaded *loaded)
{
    bool all = true;
    for (uint32_t next = 0; all && next < loaded->counts.count;)
        all = load_some_counts(loaded, &next);
    return all;
}

/* --- orders --- */

static uint32_t order_of(struct book *book, const struct order_name *order)
{
    return book_order(book, names_intern(&book->names, order->account),
                      names_intern(&book->names, order->name));
}

static void take_fact(void *context, const struct order_name *order, const struct order_fact *fact)
{
    struct book *book = context;
    book_add_fact(book, order_of(book, order), fact);
}

static void take_user(void *context, const struct order_name *order, const struct order_user_row *row)
{
    struct book *book = context;
    uint32_t resource = book_resource(book, row->product, order->account, row->resource);
    struct order_user *user = book_user(book, order_of(book, order), resource);
    user->first_hour_s = row->first_hour_s;
    user->last_hour_s = row->last_hour_s;
}

static bool read_orders(struct loaded *loaded, const struct order_name *orders, uint32_t count)
{
    struct store *store = loaded->store;
    struct book *book = &loaded->settlement->book;
    return good(store->ops->read_order_facts(store, orders, count, take_fact, book, loaded->error)) &&
           good(store->ops->read_order_users(store, orders, count, take_user, book, loaded->error));
}

bool load_orders(struct loaded *loaded, uint32_t first)
{
    struct book *book = &loaded->settlement->book;
    VEC(struct order_name) orders = {0};
    if (first == loaded->order_list.count)
        return true;
    for (uint32_t i = first; i < loaded->order_list.count; i++) {
        const struct book_order *order = &book->orders.at[loaded->order_list.at[i]];
        vec_push(&orders, (struct order_name){names_get(&book->names, order->account),
                                              names_get(&book->names, order->name)});
    }
    bool read = read_orders(loaded, orders.at, orders.count);
    vec_release(&orders);
    for (uint32_t i = first; i < loaded->order_list.count && read; i++) {
        struct book_order *order = &book->orders.at[loaded->order_list.at[i]];
        order->state =
            order_evaluate(order->facts.at, order->facts.count, &book->prices, loaded->watermark_us);
        settle_await_void(loaded->settlement, loaded->order_list.at[i]);
    }
    return read;
}

static void take_wanted(void *context, const struct order_name *order)
{
    want_order(context, order->account, order->name);
}

bool load_identities(struct loaded *loaded, const struct frame *frame)
{
    VEC(struct fact_identity) facts = {0};
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        const struct record *record = &frame->facts[i].record;
        if (frame->facts[i].control == CONTROL_NONE && order_takes(record->kind))
            vec_push(&facts,
                     (struct fact_identity){record->account, record->kind, record->source, record->id});
    }
    bool read =
        facts.count == 0 || good(loaded->store->ops->read_identities(loaded->store, facts.at, facts.count,
                                                                     take_wanted, loaded, loaded->error));
    vec_release(&facts);
    return read;
}

/* When the next order is due, unless it is known. */
static bool load_next_due(struct loaded *loaded)
{
    struct known *known = loaded->known;
    if (known->due_known)
        return true;
    known->due_known = good(loaded->store->ops->read_next_due(loaded->store, loaded->partition,
                                                              &known->next_due_us, loaded->error));
    return known->due_known;
}

bool load_due(struct loaded *loaded)
{
    struct due_before before = {loaded->partition, loaded->until_us};
    if (!load_next_due(loaded))
        return false;
    if (loaded->known->next_due_us >= loaded->until_us)
        return true;
    loaded->known->due_known = false; /* until these are written */
    return good(loaded->store->ops->read_due(loaded->store, &before, take_wanted, loaded, loaded->error));
}
