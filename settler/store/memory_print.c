/* The tables in memory as text: equal tables give equal bytes, in whatever order their rows came. */
#include <inttypes.h>
#include <stdio.h>

#include "settler/store/memory_print.h"

void print_line(struct print *print, const char *head, const struct str *names, size_t count)
{
    vec_push(&print->starts, print->text.bytes.count);
    pack_raw(&print->text, head, strlen(head));
    for (size_t i = 0; i < count; i++) {
        pack_raw(&print->text, "\t", 1);
        pack_raw(&print->text, names[i].at, names[i].size);
    }
    pack_raw(&print->text, "\n", 1);
}

static void hex(const void *at, size_t size, struct packer *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = at;
    for (size_t i = 0; i < size; i++) {
        const char pair[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        pack_raw(out, pair, 2);
    }
    pack_raw(out, "", 1);
}

static void print_settled(struct print *print, const struct memory_rows *rows)
{
    struct packer line = {0}, usage = {0};
    char head[HEAD_SIZE];
    for (uint32_t i = 0; i < rows->settled.count; i++) {
        const struct settled_table_row *row = &rows->settled.at[i];
        vec_clear(&line.bytes);
        vec_clear(&usage.bytes);
        hex(row->line, LINE_ID_SIZE, &line);
        hex(row->usage.at, row->usage.size, &usage);
        snprintf(head, sizeof head, "settled %" PRId64 " %s %u %" PRIu64 " %d %d", row->hour_s, line.bytes.at,
                 row->partition, row->seq, row->priced, row->exists);
        PUT_LINE(print, head, row->account, row->units, row->total, row->amount, str_of(usage.bytes.at));
    }
    for (uint32_t i = 0; i < rows->names.count; i++) {
        const struct line_name_row *row = &rows->names.at[i];
        vec_clear(&line.bytes);
        hex(row->line, LINE_ID_SIZE, &line);
        snprintf(head, sizeof head, "line_names %s %u %s %s %s", line.bytes.at, row->partition,
                 product_name(row->names.product), meter_name(row->names.meter),
                 charge_kind_name(row->names.kind));
        PUT_LINE(print, head, row->names.account, row->names.resource, row->names.sku);
    }
    vec_release(&line.bytes);
    vec_release(&usage.bytes);
}

static void print_orders(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    for (uint32_t i = 0; i < rows->order_facts.count; i++) {
        const struct memory_order_fact *row = &rows->order_facts.at[i];
        const struct order_fact *fact = &row->fact;
        snprintf(head, sizeof head, "order_facts %u %" PRIu64 " %d %" PRId64 " %d %" PRId64 " %" PRId64,
                 row->partition, row->seq, (int)fact->kind, fact->time_us, (int)fact->product, fact->quantity,
                 fact->months);
        PUT_LINE(print, head, row->order.account, row->order.name, fact->source, fact->id, fact->sku);
    }
    for (uint32_t i = 0; i < rows->order_usage.count; i++) {
        const struct order_usage_row *row = &rows->order_usage.at[i];
        snprintf(head, sizeof head, "order_usage %d %" PRId64 " %" PRId64, (int)row->user.product,
                 row->user.first_hour_s, row->user.last_hour_s);
        PUT_LINE(print, head, row->order.account, row->order.name, row->user.resource);
    }
    for (uint32_t i = 0; i < rows->order_due.count; i++) {
        const struct memory_due *row = &rows->order_due.at[i];
        snprintf(head, sizeof head, "order_due %u %" PRId64, row->partition, row->row.due_us);
        PUT_LINE(print, head, row->row.order.account, row->row.order.name);
    }
}

static void print_facts(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    for (uint32_t i = 0; i < rows->catalogs.count; i++) {
        const struct memory_catalog *row = &rows->catalogs.at[i];
        struct packer text = {0};
        const struct catalog_text *catalog = &row->row.catalog;
        hex(row->hash, sizeof row->hash, &text);
        uint32_t behind = text.bytes.count;
        hex(catalog->text.at, catalog->text.size, &text);
        snprintf(head, sizeof head, "catalogs %u %" PRIu64 " %u %" PRId64 " %" PRId64, row->partition,
                 row->seq, row->ordinal, catalog->from_s, row->row.clock_us);
        PUT_LINE(print, head, row->row.by, str_of(text.bytes.at), str_of(text.bytes.at + behind));
        vec_release(&text.bytes);
    }
    for (uint32_t i = 0; i < rows->payments.count; i++) {
        const struct memory_payment *row = &rows->payments.at[i];
        const struct record *r = &row->record;
        snprintf(head, sizeof head, "payments %u %" PRIu64 " %d %" PRId64 " %d", row->partition, row->seq,
                 (int)r->kind, r->time_us, r->for_bill);
        PUT_LINE(print, head, r->account, r->subject, r->source, r->id, r->amount, r->currency);
    }
    for (uint32_t i = 0; i < rows->rejected.count; i++) {
        const struct memory_reject *row = &rows->rejected.at[i];
        snprintf(head, sizeof head, "rejected %u %" PRIu64 " %u %" PRId64, row->partition, row->seq,
                 row->ordinal, row->reject.offset);
        PUT_LINE(print, head, row->reject.reason, row->reject.feed, row->reject.source, row->reject.id);
    }
}

static void print_copied(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    for (uint32_t i = 0; i < rows->copied.count; i++) {
        const struct store_reject *r = &rows->copied.at[i].reject;
        struct packer event = {0};
        hex(r->event.at, r->event.size, &event);
        snprintf(head, sizeof head, "rejected usage.rejects %u %" PRId64 " %" PRId64,
                 rows->copied.at[i].partition, r->offset, r->clock_us);
        PUT_LINE(print, head, r->reason, r->feed, r->sender, r->origin, r->account, r->type, r->source, r->id,
                 str_of(event.bytes.at));
        vec_release(&event.bytes);
    }
}

static void print_claims(struct print *print, const struct memory_rows *rows)
{
    char head[HEAD_SIZE];
    struct packer hash = {0};
    if (rows->has_meta) {
        hex(rows->meta.generation.init_hash, CONTROL_HASH_SIZE, &hash);
        snprintf(head, sizeof head, "meta %s %u %u %u", rows->meta.currency, rows->meta.charge_scale,
                 rows->meta.bill_scale, rows->meta.generation.partitions);
        PUT_LINE(print, head, str_of(hash.bytes.at));
    }
    for (uint32_t i = 0; i < rows->claims.count; i++) {
        const struct claim_row *row = &rows->claims.at[i].row;
        vec_clear(&hash.bytes);
        hex(row->last_hash, FRAME_HASH_SIZE, &hash);
        snprintf(head, sizeof head,
                 "claim %u %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64
                 " %d %" PRId64 " %" PRId64 " %" PRId64 " %d",
                 rows->claims.at[i].partition, row->next_seq, row->next_step, row->next_offset,
                 row->next_reject, row->watermark_us, row->closed_s, row->step, row->accounts.begun,
                 row->step_notices, row->next_notice, row->next_month_s, row->epoch_open);
        PUT_LINE(print, head, str_of(hash.bytes.at), (struct str){row->accounts.name, row->accounts.size});
    }
    vec_release(&hash.bytes);
}

static struct str line_at(const struct print *print, uint32_t start)
{
    const char *at = print->text.bytes.at + start;
    const char *end = memchr(at, '\n', print->text.bytes.count - start);
    return (struct str){at, (uint32_t)(end - at) + 1};
}

static int compare_lines(const void *a, const void *b, void *context)
{
    const struct print *print = context;
    return str_compare(line_at(print, *(const uint32_t *)a), line_at(print, *(const uint32_t *)b));
}

void memory_tables_print(const struct memory_tables *tables, struct packer *out)
{
    struct print print = {0};
    print_claims(&print, &tables->rows);
    print_settled(&print, &tables->rows);
    print_orders(&print, &tables->rows);
    print_facts(&print, &tables->rows);
    print_copied(&print, &tables->rows);
    print_money(&print, &tables->rows);
    print_derived(&print, &tables->rows);
    if (print.starts.count > 0)
        qsort_r(print.starts.at, print.starts.count, sizeof *print.starts.at, compare_lines, &print);
    for (uint32_t i = 0; i < print.starts.count; i++) {
        struct str line = line_at(&print, print.starts.at[i]);
        pack_raw(out, line.at, line.size);
    }
    vec_release(&print.text.bytes);
    vec_release(&print.starts);
}
