#include "settler/core/book.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

void book_init(struct book *book)
{
    *book = (struct book){.watermark_us = INT64_MIN, .next_due_us = INT64_MAX};
    names_init(&book->names);
}

void book_release(struct book *book)
{
    for (uint32_t i = 0; i < book->orders.count; i++) {
        vec_release(&book->orders.at[i].facts);
        vec_release(&book->orders.at[i].users);
    }
    prices_release(&book->prices);
    names_release(&book->names);
    arena_release(&book->memory);
    vec_release(&book->lines);
    table_release(&book->line_index);
    vec_release(&book->hours);
    table_release(&book->hour_index);
    vec_release(&book->resources);
    table_release(&book->resource_index);
    vec_release(&book->orders);
    table_release(&book->order_index);
    vec_release(&book->facts);
    table_release(&book->fact_index);
    vec_release(&book->users);
    table_release(&book->user_index);
    vec_release(&book->payments);
    table_release(&book->payment_index);
    vec_release(&book->pending);
}

static uint32_t resource_by_number(struct book *book, enum product product, uint32_t account, uint32_t name)
{
    uint64_t hash = hash_mix(hash_mix(account, name), product);
    for (struct table_probe p = table_probe(&book->resource_index, hash);
         table_next(&book->resource_index, &p);) {
        const struct book_resource *r = &book->resources.at[p.index];
        if (r->product == product && r->account == account && r->name == name)
            return p.index;
    }
    vec_push(&book->resources, (struct book_resource){product, account, name, UINT32_MAX});
    table_insert(&book->resource_index, hash, book->resources.count - 1);
    return book->resources.count - 1;
}

uint32_t book_resource(struct book *book, enum product product, struct str account, struct str name)
{
    return resource_by_number(book, product, names_intern(&book->names, account),
                              names_intern(&book->names, name));
}

static bool key_equal(const struct line_key *a, const struct line_key *b)
{
    return a->product == b->product && a->meter == b->meter && a->kind == b->kind &&
           a->account == b->account && a->resource == b->resource && a->sku == b->sku;
}

uint32_t book_line(struct book *book, const struct line_key *key)
{
    uint64_t hash = hash_mix(
        hash_mix(key->account, key->resource),
        hash_mix(key->sku, (uint64_t)key->product << 16 | (uint64_t)key->meter << 8 | (uint64_t)key->kind));
    for (struct table_probe p = table_probe(&book->line_index, hash); table_next(&book->line_index, &p);)
        if (key_equal(&book->lines.at[p.index].key, key))
            return p.index;
    uint32_t resource = resource_by_number(book, key->product, key->account, key->resource);
    struct book_resource *owner = &book->resources.at[resource];
    CHECK(key->account != 0 && owner->account == key->account && owner->name == key->resource); /* B1 */
    vec_push(&book->lines, (struct book_line){*key, resource, owner->first_line});
    owner->first_line = book->lines.count - 1;
    table_insert(&book->line_index, hash, book->lines.count - 1);
    return book->lines.count - 1;
}

static uint64_t hour_hash(uint32_t line, int64_t hour_s)
{
    return hash_mix(line, (uint64_t)hour_s);
}

uint32_t book_find_hour(const struct book *book, uint32_t line, int64_t hour_s)
{
    for (struct table_probe p = table_probe(&book->hour_index, hour_hash(line, hour_s));
         table_next(&book->hour_index, &p);)
        if (book->hours.at[p.index].line == line && book->hours.at[p.index].hour_s == hour_s)
            return p.index;
    return UINT32_MAX;
}

uint32_t book_hour(struct book *book, uint32_t line, int64_t hour_s)
{
    uint32_t found = book_find_hour(book, line, hour_s);
    if (found != UINT32_MAX)
        return found;
    CHECK(line < book->lines.count && hour_s % HOUR_S == 0); /* B1 */
    vec_push(&book->hours, (struct line_hour){.line = line, .hour_s = hour_s});
    table_insert(&book->hour_index, hour_hash(line, hour_s), book->hours.count - 1);
    return book->hours.count - 1;
}

uint32_t book_find_order(const struct book *book, uint32_t account, uint32_t name)
{
    for (struct table_probe p = table_probe(&book->order_index, hash_mix(account, name));
         table_next(&book->order_index, &p);)
        if (book->orders.at[p.index].account == account && book->orders.at[p.index].name == name)
            return p.index;
    return UINT32_MAX;
}

uint32_t book_order(struct book *book, uint32_t account, uint32_t name)
{
    uint32_t found = book_find_order(book, account, name);
    if (found != UINT32_MAX)
        return found;
    vec_push(&book->orders,
             (struct book_order){.account = account, .name = name, .state = {.void_due_us = INT64_MAX}});
    table_insert(&book->order_index, hash_mix(account, name), book->orders.count - 1);
    return book->orders.count - 1;
}

void book_add_use(struct book *book, struct line_hour *hour, struct use use)
{
    if (hour->use_count == hour->use_capacity) {
        uint32_t capacity = hour->use_capacity == 0 ? 1 : hour->use_capacity * 2;
        struct use *uses = arena_take(&book->memory, capacity * sizeof *uses);
        if (hour->use_count > 0)
            memcpy(uses, hour->uses, hour->use_count * sizeof *uses);
        hour->uses = uses;
        hour->use_capacity = capacity;
    }
    hour->uses[hour->use_count++] = use;
}

struct order_user *book_user(struct book *book, uint32_t order, uint32_t resource)
{
    uint64_t hash = hash_mix(order, resource);
    struct book_order *owner = &book->orders.at[order];
    for (struct table_probe p = table_probe(&book->user_index, hash); table_next(&book->user_index, &p);) {
        struct user_place place = book->users.at[p.index];
        if (place.order == order && owner->users.at[place.user].resource == resource)
            return &owner->users.at[place.user];
    }
    table_insert(&book->user_index, hash, book->users.count);
    vec_push(&book->users, (struct user_place){order, owner->users.count});
    vec_push(&owner->users, (struct order_user){resource, INT64_MAX, INT64_MIN, false});
    return &owner->users.at[owner->users.count - 1];
}

void book_add_user(struct book *book, uint32_t order, uint32_t resource, int64_t hour_s)
{
    struct order_user *user = book_user(book, order, resource);
    user->changed |= hour_s < user->first_hour_s || hour_s > user->last_hour_s;
    if (hour_s < user->first_hour_s)
        user->first_hour_s = hour_s;
    if (hour_s > user->last_hour_s)
        user->last_hour_s = hour_s;
}

static uint64_t hash_fact(struct str account, const struct order_fact *fact)
{
    return hash_mix(hash_str(account), hash_mix(hash_str(fact->source), hash_str(fact->id) + fact->kind));
}

bool book_has_fact(const struct book *book, struct str account, const struct order_fact *fact)
{
    const struct table *index = &book->fact_index;
    for (struct table_probe p = table_probe(index, hash_fact(account, fact)); table_next(index, &p);) {
        struct fact_place place = book->facts.at[p.index];
        const struct book_order *order = &book->orders.at[place.order];
        const struct order_fact *known = &order->facts.at[place.fact];
        if (known->kind == fact->kind && str_equal(known->id, fact->id) &&
            str_equal(known->source, fact->source) &&
            str_equal(names_get(&book->names, order->account), account))
            return true;
    }
    return false;
}

bool book_add_fact(struct book *book, uint32_t order_at, const struct order_fact *fact)
{
    struct book_order *order = &book->orders.at[order_at];
    struct str account = names_get(&book->names, order->account);
    if (book_has_fact(book, account, fact))
        return false;
    CHECK(order_takes(fact->kind) && book->facts.count == book->fact_index.count); /* B2 */
    struct order_fact copy = *fact;
    copy.id = arena_copy(&book->memory, fact->id);
    copy.source = arena_copy(&book->memory, fact->source);
    copy.sku = arena_copy(&book->memory, fact->sku);
    table_insert(&book->fact_index, hash_fact(account, fact), book->facts.count);
    vec_push(&book->facts, (struct fact_place){order_at, order->facts.count});
    vec_push(&order->facts, copy);
    order_events_add(&order->events, fact->kind);
    return true;
}

bool book_add_payment(struct book *book, struct str account, enum record_kind kind, struct str name)
{
    struct table *index = &book->payment_index;
    struct book_payment payment = {names_intern(&book->names, account), names_intern(&book->names, name),
                                   kind};
    uint64_t hash = hash_mix(hash_mix(payment.account, payment.name), kind);
    CHECK(record_is_payment(kind));
    for (struct table_probe p = table_probe(index, hash); table_next(index, &p);) {
        const struct book_payment *known = &book->payments.at[p.index];
        if (known->account == payment.account && known->name == payment.name && known->kind == kind)
            return false;
    }
    table_insert(index, hash, book->payments.count);
    vec_push(&book->payments, payment);
    return true;
}
