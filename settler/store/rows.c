/* Writing what a batch changed: its rows, then one statement a table. */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "settler/core/usage.h"
#include "settler/store/loaded.h"

/* --- lines --- */

static struct line_names names_of_line(const struct book *book, uint32_t line)
{
    const struct line_key *key = &book->lines.at[line].key;
    return (struct line_names){
        .account = names_get(&book->names, key->account),
        .product = key->product,
        .resource = names_get(&book->names, key->resource),
        .meter = key->meter,
        .sku = names_get(&book->names, key->sku),
        .kind = key->kind,
    };
}

static void work_out_id(const struct line_names *names, uint8_t id[LINE_ID_SIZE])
{
    const struct str texts[] = {names->account,  str_of(product_name(names->product)),
                                names->resource, str_of(meter_name(names->meter)),
                                names->sku,      str_of(charge_kind_name(names->kind))};
    struct packer text = {0};
    uint8_t digest[DIGEST_SIZE];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pack_str(&text, texts[i]);
    digest_of(text.bytes.at, text.bytes.count, digest);
    vec_release(&text.bytes);
    memcpy(id, digest, LINE_ID_SIZE);
}

struct line_state *line_state(struct loaded *loaded, uint32_t line)
{
    const struct book *book = &loaded->settlement->book;
    while (loaded->lines.count < book->lines.count)
        vec_push(&loaded->lines, (struct line_state){0});
    struct line_state *state = &loaded->lines.at[line];
    if (state->has_id)
        return state;
    struct line_names names = names_of_line(book, line);
    work_out_id(&names, state->id);
    state->has_id = true;
    state->kept |= known_has_line(loaded->known, state->id);
    return state;
}

void line_is_kept(struct loaded *loaded, uint32_t line)
{
    while (loaded->lines.count < loaded->settlement->book.lines.count)
        vec_push(&loaded->lines, (struct line_state){0});
    loaded->lines.at[line].kept = true;
}

void rows_remember(struct loaded *loaded)
{
    for (uint32_t i = 0; i < loaded->lines.count; i++)
        if (loaded->lines.at[i].has_id && loaded->lines.at[i].kept)
            known_add_line(loaded->known, loaded->lines.at[i].id);
}

static bool write_name(struct loaded *loaded, uint32_t line)
{
    struct line_state *state = line_state(loaded, line);
    struct line_name_row row = {.partition = loaded->partition,
                                .names = names_of_line(&loaded->settlement->book, line)};
    if (state->kept)
        return true;
    state->kept = true;
    memcpy(row.line, state->id, LINE_ID_SIZE);
    return good(loaded->store->ops->put_line_name(loaded->store, &row, loaded->error));
}

/* --- settled --- */

static bool write_settled(struct loaded *loaded, const struct settled_row *settled, const struct frame *frame,
                          struct packer *usage)
{
    const struct book *book = &loaded->settlement->book;
    const struct line_hour *hour = &book->hours.at[settled->hour];
    uint32_t scale = prices_charge_scale(&book->prices);
    char units[40], total[AMOUNT_TEXT_SIZE], amount[AMOUNT_TEXT_SIZE];
    vec_clear(&usage->bytes);
    usage_pack(book, hour, usage);
    u128_print(hour->settled.units, units);
    struct settled_table_row row = {
        .hour_s = hour->hour_s,
        .account = names_get(&book->names, book->lines.at[hour->line].key.account),
        .partition = frame->partition,
        .seq = frame->seq,
        .usage = {usage->bytes.at, usage->bytes.count},
        .priced = hour->settled.priced,
        .exists = hour->settled.exists,
        .units = str_of(units),
        .total = {total, (uint32_t)amount_print(&hour->settled.total, scale, total)},
        .amount = {amount, (uint32_t)amount_print(&settled->change, scale, amount)},
    };
    memcpy(row.line, line_state(loaded, hour->line)->id, LINE_ID_SIZE);
    return good(loaded->store->ops->put_settled(loaded->store, &row, loaded->error)) &&
           write_name(loaded, hour->line);
}

bool rows_write_frame(struct loaded *loaded, const struct frame *frame)
{
    const struct settlement *settlement = loaded->settlement;
    struct packer usage = {0};
    bool written = true;
    for (uint32_t i = 0; i < settlement->rows.count && written; i++)
        written = write_settled(loaded, &settlement->rows.at[i], frame, &usage);
    loaded->written->settled += settlement->rows.count;
    vec_release(&usage.bytes);
    return written;
}

/* --- facts --- */

/* The tables are this log's, or nobody's yet. */
static bool check_init(struct loaded *loaded, const struct store_generation *log)
{
    struct store *store = loaded->store;
    struct meta_row there;
    bool found;
    return good(generation_check(log, &store->generation, loaded->error)) &&
           good(store->ops->read_meta(store, &there, &found, loaded->error)) &&
           (!found || good(generation_check(log, &there.generation, loaded->error)));
}

static bool write_meta(struct loaded *loaded, const struct fact *fact)
{
    const struct prices *prices = &loaded->settlement->book.prices;
    struct meta_row row = {.charge_scale = prices_charge_scale(prices),
                           .bill_scale = prices_bill_scale(prices),
                           .generation = loaded->store->generation};
    snprintf(row.currency, sizeof row.currency, "%s", prices_currency(prices));
    if (fact->control == CONTROL_INIT) {
        memcpy(row.generation.init_hash, fact->origin.hash, CONTROL_HASH_SIZE);
        if (!check_init(loaded, &row.generation))
            return false;
    }
    return good(loaded->store->ops->write_meta(loaded->store, &row, loaded->error));
}

bool rows_write_facts(struct loaded *loaded, const struct frame *frame)
{
    bool catalogs = false;
    for (uint32_t i = 0; i < frame->fact_count; i++) {
        if (frame->facts[i].control == CONTROL_NONE)
            continue;
        catalogs = true;
        if (!write_meta(loaded, &frame->facts[i]))
            return false;
    }
    if (frame->fact_count + frame->reject_count > 0 &&
        !good(loaded->store->ops->write_facts(loaded->store, frame, loaded->error)))
        return false;
    return !catalogs || loaded->partition != 0 || write_price_list(loaded);
}

/* --- orders --- */

static bool write_users(struct loaded *loaded)
{
    const struct book *book = &loaded->settlement->book;
    VEC(struct order_usage_row) rows = {0};
    for (uint32_t o = 0; o < book->orders.count; o++) {
        const struct book_order *order = &book->orders.at[o];
        for (uint32_t u = 0; u < order->users.count; u++) {
            const struct order_user *user = &order->users.at[u];
            const struct book_resource *resource = &book->resources.at[user->resource];
            if (!user->changed)
                continue;
            struct order_usage_row row = {
                .order = {names_get(&book->names, order->account), names_get(&book->names, order->name)},
                .user = {resource->product, names_get(&book->names, resource->name), user->first_hour_s,
                         user->last_hour_s}};
            vec_push(&rows, row);
        }
    }
    bool written = rows.count == 0 || good(loaded->store->ops->write_order_users(loaded->store, rows.at,
                                                                                 rows.count, loaded->error));
    vec_release(&rows);
    return written;
}

static bool write_due(struct loaded *loaded)
{
    const struct book *book = &loaded->settlement->book;
    VEC(struct order_due_row) rows = {0};
    for (uint32_t o = 0; o < book->orders.count; o++) {
        const struct book_order *order = &book->orders.at[o];
        if (!order->judged)
            continue;
        struct order_due_row row = {
            .order = {names_get(&book->names, order->account), names_get(&book->names, order->name)},
            .due_us = order->state.void_due_us};
        vec_push(&rows, row);
        if (row.due_us < loaded->known->next_due_us)
            loaded->known->next_due_us = row.due_us;
    }
    bool written =
        rows.count == 0 || good(loaded->store->ops->write_order_due(loaded->store, loaded->partition, rows.at,
                                                                    rows.count, loaded->error));
    vec_release(&rows);
    return written;
}

bool rows_write(struct loaded *loaded, bool last)
{
    return write_users(loaded) && (!last || write_due(loaded));
}
