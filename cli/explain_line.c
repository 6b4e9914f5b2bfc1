#include "cli/explain_line.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "settler/core/usage.h"

/* So many hours back are read at once. */
enum { HOURS_AT_ONCE = 24 };

/* --- what the tables have --- */

static void take_catalog_row(void *context, const struct catalog_row *row)
{
    CHECK(prices_add(context, row->catalog.from_s, row->catalog.text));
}

/* Where usage that is read goes, and whose it is. */
struct asked {
    struct book *book;
    const struct resource_hour *keys;
    bool *bad; /* some was no usage */
};

/* Runs lie in the hour, one after another, each of something: the cores rely on it. */
static bool is_usage(const struct line_hour *hour, bool counted)
{
    uint32_t at_s = 0;
    for (uint32_t i = 0; i < hour->use_count; i++) {
        struct use use = hour->uses[i];
        if (use.from_s < at_s || use.quantity == 0 || (use.len_s == 0) != counted)
            return false;
        at_s = (uint32_t)use.from_s + (counted ? 1 : use.len_s);
    }
    return at_s <= HOUR_S;
}

/* What stands in a row may be anybody's: explaining is for that case too. */
static void take_usage(void *context, uint32_t key, const struct line_names *names,
                       const struct settled_table_row *last)
{
    const struct asked *asked = context;
    const struct resource_hour *of = &asked->keys[key];
    struct book *book = asked->book;
    struct line_key line = {.product = of->product,
                            .meter = names->meter,
                            .kind = names->kind,
                            .account = names_intern(&book->names, of->account),
                            .resource = names_intern(&book->names, of->resource),
                            .sku = names_intern(&book->names, names->sku)};
    if (last == NULL)
        return;
    uint32_t at = book_hour(book, book_line(book, &line), of->hour_s);
    bool counted = product_is(of->product, SHAPE_COUNT);
    if (usage_unpack(book, at, last->usage) && is_usage(&book->hours.at[at], counted))
        return;
    book->hours.at[at].use_count = 0;
    *asked->bad = true;
}

static void take_fact(void *context, const struct order_name *order, const struct order_fact *fact)
{
    struct book *book = context;
    book_add_fact(
        book,
        book_order(book, names_intern(&book->names, order->account), names_intern(&book->names, order->name)),
        fact);
}

/* Who named an order, and in the hour that is explained. */
struct users {
    struct book *book;
    int64_t hour_s;
    VEC(struct resource_hour) list;
};

static void take_user(void *context, const struct order_name *order, const struct order_user_row *row)
{
    struct users *users = context;
    struct book *book = users->book;
    uint32_t resource = book_resource(book, row->product, order->account, row->resource);
    uint32_t of =
        book_order(book, names_intern(&book->names, order->account), names_intern(&book->names, order->name));
    struct order_user *user = book_user(book, of, resource);
    user->first_hour_s = row->first_hour_s;
    user->last_hour_s = row->last_hour_s;
    if (users->hour_s < row->first_hour_s || users->hour_s > row->last_hour_s)
        return;
    const struct book_resource *known = &book->resources.at[resource];
    vec_push(&users->list, (struct resource_hour){row->product, names_get(&book->names, known->account),
                                                  names_get(&book->names, known->name), users->hour_s});
}

/* The orders that the line's usage names, or the one that the line is of. */
static void list_orders(struct explained *of, struct order_name *orders, uint32_t *count)
{
    const struct line_hour *hour = explained_hour(of);
    const struct line_key *key = explained_key(of);
    struct str account = explained_name(of, key->account);
    *count = 0;
    if (key->kind != CHARGE_USAGE)
        orders[(*count)++] = (struct order_name){account, explained_name(of, key->resource)};
    for (uint32_t i = 0; i < hour->use_count; i++)
        if (hour->uses[i].order != 0)
            orders[(*count)++] = (struct order_name){account, explained_name(of, hour->uses[i].order)};
}

static enum error_class load_orders(struct explained *of, struct store *store, struct error *error)
{
    struct book *book = &of->settlement.book;
    struct users users = {.book = book, .hour_s = explained_hour(of)->hour_s};
    struct order_name *orders = calloc(explained_hour(of)->use_count + 1, sizeof *orders);
    uint32_t count;
    CHECK(orders != NULL);
    list_orders(of, orders, &count);
    enum error_class class = ERROR_NONE;
    if (count > 0)
        class = store->ops->read_order_facts(store, orders, count, take_fact, book, error);
    if (class == ERROR_NONE && count > 0)
        class = store->ops->read_order_users(store, orders, count, take_user, &users, error);
    struct asked asked = {book, users.list.at, &of->bad};
    if (class == ERROR_NONE && users.list.count > 0)
        class = store->ops->read_usage(store, users.list.at, users.list.count, take_usage, &asked, error);
    for (uint32_t i = 0; i < book->orders.count; i++) {
        struct book_order *order = &book->orders.at[i];
        order->state =
            order_evaluate(order->facts.at, order->facts.count, &book->prices, of->claim.watermark_us);
    }
    vec_release(&users.list);
    free(orders);
    return class;
}

enum error_class explained_load(struct explained *of, struct store *store, const struct history_line *line,
                                int64_t hour_s, struct error *error)
{
    const struct line_names *names = &line->names;
    struct book *book = &of->settlement.book;
    settlement_init(&of->settlement);
    struct resource_hour key = {names->product, names->account, names->resource, hour_s};
    struct asked asked = {book, &key, &of->bad};
    enum error_class class = history_read_claim(store, line->partition, &of->claim, error);
    if (class == ERROR_NONE)
        class = store->ops->read_catalogs(store, line->partition, take_catalog_row, &book->prices, error);
    if (class == ERROR_NONE)
        class = store->ops->read_usage(store, &key, 1, take_usage, &asked, error);
    if (class != ERROR_NONE)
        return class;
    struct line_key wanted = {.product = names->product,
                              .meter = names->meter,
                              .kind = names->kind,
                              .account = names_intern(&book->names, names->account),
                              .resource = names_intern(&book->names, names->resource),
                              .sku = names_intern(&book->names, names->sku)};
    of->at = book_hour(book, book_line(book, &wanted), hour_s);
    return load_orders(of, store, error);
}

void explained_release(struct explained *of)
{
    settlement_release(&of->settlement);
}

/* --- rating --- */

struct settled explained_rate(struct explained *of)
{
    const struct line_key *key = explained_key(of);
    const struct book *book = &of->settlement.book;
    bool unknown =
        key->kind != CHARGE_USAGE && book_find_order(book, key->account, key->resource) == UINT32_MAX;
    return unknown ? (struct settled){.ever = true} : settle_rate(&of->settlement, of->at);
}

/* Calls visit with the part, cut where a price begins. */
static void visit_priced(const struct explained *of, struct explained_part part, visit_part *visit,
                         void *context)
{
    const struct line_key *key = explained_key(of);
    const struct catalog *catalog = prices_at(&of->settlement.book.prices, explained_hour(of)->hour_s);
    struct price_list prices =
        catalog_prices(catalog, key->product, explained_name(of, key->sku), key->meter);
    bool counted = product_is(key->product, SHAPE_COUNT);
    int64_t to_s = part.to_s;
    while (part.from_s < to_s) {
        int32_t at = price_list_at(prices, part.from_s);
        bool changes = (uint32_t)(at + 1) < prices.count && prices.prices[at + 1].from_s < to_s;
        part.to_s = changes ? prices.prices[at + 1].from_s : to_s;
        part.price = at < 0 ? NULL : &prices.prices[at];
        part.units = part.billed * (unsigned __int128)(counted ? 1 : part.to_s - part.from_s);
        visit(context, &part);
        part.from_s = counted ? to_s : part.to_s;
    }
}

/* The parts of the use that its order leaves to pay, where it takes part at all. False: it does not. */
static bool visit_covered(const struct explained *of, struct explained_part part, visit_part *visit,
                          void *context)
{
    const struct settlement *settlement = &of->settlement;
    int64_t hour_s = explained_hour(of)->hour_s;
    bool any = false;
    for (uint32_t p = 0; p < settlement->pools.count; p++) {
        const struct order_pool *pool = &settlement->pools.at[p];
        if (!pool->shared || settlement->book.orders.at[pool->order].name != part.order)
            continue;
        for (uint32_t i = pool->first; i < pool->first + pool->count; i++) {
            const struct covered *covered = &settlement->covered.at[i];
            int64_t from_s = hour_s + covered->from_s;
            if (covered->hour != of->at || from_s < part.from_s || from_s >= part.to_s)
                continue;
            struct explained_part piece = part;
            piece.from_s = from_s;
            piece.to_s = from_s + covered->len_s;
            piece.billed = covered->paid;
            visit_priced(of, piece, visit, context);
            any = true;
        }
    }
    return any;
}

void explained_parts(const struct explained *of, visit_part *visit, void *context)
{
    const struct line_hour *hour = explained_hour(of);
    const struct line_key *key = explained_key(of);
    const struct catalog *catalog = prices_at(&of->settlement.book.prices, hour->hour_s);
    unsigned __int128 free_bytes =
        product_is(key->product, SHAPE_POOL) ? catalog_free_bytes(catalog, explained_name(of, key->sku)) : 0;
    for (uint32_t i = 0; i < hour->use_count; i++) {
        struct use use = hour->uses[i];
        int64_t from_s = hour->hour_s + use.from_s;
        int64_t len_s = product_is(key->product, SHAPE_COUNT) ? 1 : use.len_s;
        struct explained_part part = {.from_s = from_s,
                                      .to_s = from_s + len_s,
                                      .quantity = use.quantity,
                                      .billed = use.quantity > free_bytes ? use.quantity - free_bytes : 0,
                                      .order = use.order};
        if (use.order == 0 || !visit_covered(of, part, visit, context))
            visit_priced(of, part, visit, context);
    }
}

/* --- since when --- */

/* What ran at the hour's beginning. */
struct level_wanted {
    struct str sku;
    struct str order;
    unsigned __int128 quantity; /* 0: whatever it was (storage) */
};

static bool is_same(const struct book *book, const struct line_hour *hour, struct use use,
                    const struct level_wanted *wanted)
{
    const struct line_key *key = &book->lines.at[hour->line].key;
    return key->kind == CHARGE_USAGE && str_equal(names_get(&book->names, key->sku), wanted->sku) &&
           (wanted->quantity == 0 || (use.quantity == wanted->quantity &&
                                      str_equal(names_get(&book->names, use.order), wanted->order)));
}

/* The first second of the run that lasts up to the hour's end; the end: there is none. */
static int64_t run_begin(const struct book *book, int64_t hour_s, const struct level_wanted *wanted)
{
    uint32_t at_s = HOUR_S;
    bool moved = true;
    while (moved && at_s > 0) {
        moved = false;
        for (uint32_t h = 0; h < book->hours.count && !moved; h++)
            for (uint32_t i = 0; i < book->hours.at[h].use_count && !moved; i++) {
                struct use use = book->hours.at[h].uses[i];
                moved = book->hours.at[h].hour_s == hour_s && (uint32_t)use.from_s + use.len_s == at_s &&
                        is_same(book, &book->hours.at[h], use, wanted);
                at_s = moved ? use.from_s : at_s;
            }
    }
    return hour_s + at_s;
}

/* Moves *began_s back over the hours before it; *on: the run may go on before them. */
static enum error_class walk_back(const struct explained *of, struct store *store,
                                  const struct level_wanted *wanted, int64_t *began_s, bool *on,
                                  struct error *error)
{
    const struct line_key *key = explained_key(of);
    struct resource_hour keys[HOURS_AT_ONCE];
    struct book book;
    book_init(&book);
    for (int i = 0; i < HOURS_AT_ONCE; i++)
        keys[i] = (struct resource_hour){key->product, explained_name(of, key->account),
                                         explained_name(of, key->resource), *began_s - (i + 1) * HOUR_S};
    bool bad = false; /* then it ends there */
    struct asked asked = {&book, keys, &bad};
    enum error_class class = store->ops->read_usage(store, keys, HOURS_AT_ONCE, take_usage, &asked, error);
    *on = class == ERROR_NONE;
    for (int i = 0; i < HOURS_AT_ONCE && *on; i++) {
        *began_s = run_begin(&book, keys[i].hour_s, wanted);
        *on = *began_s == keys[i].hour_s;
    }
    book_release(&book);
    return class;
}

enum error_class explained_began(const struct explained *of, struct store *store, int64_t *began_s,
                                 struct error *error)
{
    const struct line_hour *hour = explained_hour(of);
    const struct line_key *key = explained_key(of);
    bool storage = product_is(key->product, SHAPE_POOL);
    struct level_wanted wanted = {.sku = explained_name(of, key->sku)};
    bool on = hour->use_count > 0 && hour->uses[0].from_s == 0 && !product_is(key->product, SHAPE_COUNT);
    *began_s = hour->hour_s;
    if (on && !storage) {
        wanted.order = explained_name(of, hour->uses[0].order);
        wanted.quantity = hour->uses[0].quantity;
    }
    enum error_class class = ERROR_NONE;
    while (on && class == ERROR_NONE)
        class = walk_back(of, store, &wanted, began_s, &on, error);
    return class;
}
