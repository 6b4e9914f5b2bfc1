/* Rejects of the entrances, copied for eyes (DESIGN §3). */
#include "lib/base/arena.h"
#include "lib/base/check.h"
#include "lib/base/utf8.h"
#include "settler/store/loaded.h"

enum { EVENT_BYTES_MAX = 4096 };

/* The text itself where it is one, else a copy with question marks for what is no character. */
static struct str clean(struct arena *memory, struct str text)
{
    char *copy = NULL;
    for (uint32_t at = 0; at < text.size;) {
        uint32_t size = text.at[at] == 0 ? 0 : utf8_size(text.at + at, text.size - at);
        if (size == 0 && copy == NULL) {
            copy = arena_take(memory, text.size);
            memcpy(copy, text.at, text.size);
        }
        if (size == 0)
            copy[at] = '?';
        at += size == 0 ? 1 : size;
    }
    return copy == NULL ? text : (struct str){copy, text.size};
}

static struct store_reject clean_reject(struct arena *memory, const struct store_reject *reject)
{
    struct store_reject out = *reject;
    struct str *const texts[] = {&out.reason,  &out.feed, &out.sender, &out.origin,
                                 &out.account, &out.type, &out.source, &out.id};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = clean(memory, *texts[i]);
    if (out.event.size > EVENT_BYTES_MAX)
        out.event.size = EVENT_BYTES_MAX;
    return out;
}

static enum store_outcome copy_inside(struct store *store, const struct claim *claim,
                                      const struct store_reject *rows, uint32_t count,
                                      const struct position_move *move, struct error *error)
{
    bool moved;
    if (store->ops->move_position(store, claim->partition, move, &moved, error) != ERROR_NONE)
        return STORE_FAILED;
    if (!moved)
        return STORE_LOST;
    if (count > 0 && store->ops->write_rejects(store, claim->partition, rows, count, error) != ERROR_NONE)
        return STORE_FAILED;
    return store->ops->commit(store, error) == ERROR_NONE ? STORE_OK : STORE_FAILED;
}

enum store_outcome store_copy_rejects(struct store *store, struct claim *claim,
                                      const struct store_reject *rows, uint32_t count, int64_t next_offset,
                                      struct error *error)
{
    const struct position_move move = {POSITION_NEXT_REJECT, claim->fence, claim->next_reject, next_offset};
    struct arena memory = {0};
    VEC(struct store_reject) cleaned = {0};
    CHECK(next_offset >= claim->next_reject);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(rows[i].offset >= claim->next_reject && rows[i].offset < next_offset);
        vec_push(&cleaned, clean_reject(&memory, &rows[i]));
    }
    enum store_outcome outcome = STORE_FAILED;
    if (store->ops->begin(store, error) == ERROR_NONE) {
        outcome = copy_inside(store, claim, cleaned.at, cleaned.count, &move, error);
        if (outcome != STORE_OK)
            outcome = store_undo(store, outcome, error);
    }
    vec_release(&cleaned);
    arena_release(&memory);
    if (outcome == STORE_OK)
        claim->next_reject = next_offset;
    return outcome;
}
