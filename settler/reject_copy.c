#include "settler/reject_copy.h"

#include "lib/base/check.h"
#include "lib/codec/topics.h"

/* Of an event so much is stored (store.h): no more of it needs to be kept. */
enum { EVENT_BYTES = 4096 };

static void forget(struct reject_copy *copy)
{
    vec_clear(&copy->rows);
    arena_reset(&copy->memory);
    copy->size_bytes = 0;
}

void reject_copy_begin(struct reject_copy *copy, int64_t next_reject)
{
    forget(copy);
    copy->reads = true;
    copy->from = copy->next = next_reject;
}

void reject_copy_end(struct reject_copy *copy)
{
    forget(copy);
    copy->reads = false;
    copy->next = copy->from;
}

/* The bytes of the message go with it: the texts are copied. */
static struct store_reject keep(struct reject_copy *copy, const struct reject *reject, int64_t offset)
{
    struct store_reject row = {.offset = offset,
                               .clock_us = reject->clock_us,
                               .reason = reject->reason,
                               .feed = reject->feed,
                               .sender = reject->sender,
                               .origin = reject->origin,
                               .account = reject->account,
                               .type = reject->type,
                               .source = reject->source,
                               .id = reject->id,
                               .event = reject->bytes};
    struct str *const texts[] = {&row.reason, &row.feed,   &row.sender, &row.origin, &row.account,
                                 &row.type,   &row.source, &row.id,     &row.event};
    if (row.event.size > EVENT_BYTES)
        row.event.size = EVENT_BYTES;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = arena_copy(&copy->memory, *texts[i]);
        copy->size_bytes += texts[i]->size;
    }
    return row;
}

/* Moves to an offset; what waits, waits since the first move. */
static void move(struct reject_copy *copy, int64_t next, int64_t now_ms)
{
    CHECK(copy->reads && next > copy->next);
    if (copy->next == copy->from)
        copy->since_ms = now_ms;
    copy->next = next;
}

bool reject_copy_take(struct reject_copy *copy, const struct log_message *message, int64_t now_ms)
{
    struct reject reject;
    move(copy, message->offset + 1, now_ms);
    if (reject_decode(message->value, &reject) != DECODE_OK)
        return false;
    struct store_reject row = keep(copy, &reject, message->offset);
    vec_push(&copy->rows, row);
    return true;
}

void reject_copy_skip(struct reject_copy *copy, int64_t to, int64_t now_ms)
{
    move(copy, to, now_ms);
}

bool reject_copy_full(const struct reject_copy *copy)
{
    return copy->rows.count >= REJECT_COPY_ROWS || copy->size_bytes >= REJECT_COPY_BYTES;
}

bool reject_copy_due(const struct reject_copy *copy, int64_t now_ms)
{
    bool waits = copy->reads && copy->next > copy->from;
    return waits && (reject_copy_full(copy) || now_ms - copy->since_ms >= REJECT_COPY_LINGER_MS);
}

void reject_copy_done(struct reject_copy *copy)
{
    forget(copy);
    copy->from = copy->next;
}

void reject_copy_release(struct reject_copy *copy)
{
    vec_release(&copy->rows);
    arena_release(&copy->memory);
}
