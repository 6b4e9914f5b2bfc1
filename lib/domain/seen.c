#include "lib/domain/seen.h"

#include <stdlib.h>

#include "lib/base/check.h"
#include "lib/base/table.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

/* A kind, and three names with their ends: a log can hold an account or id as long as any name. */
enum { IDENTITY_BYTES_MAX = 1 + 3 * (LIMIT_NAME_BYTES + 1) };
enum { CAPACITY_FIRST = 64, SLOT_BYTES = 20 };
_Static_assert(sizeof(struct seen_slot) == SLOT_BYTES, "what an identity weighs");

static char *put(char *at, struct str name)
{
    memcpy(at, name.at, name.size);
    at[name.size] = 0;
    return at + name.size + 1;
}

struct identity identity_of(const struct record *record)
{
    /* No name holds a zero byte (CONTRACT §2), so different names give different bytes. */
    char bytes[IDENTITY_BYTES_MAX];
    bool payment = record_is_payment(record->kind);
    struct str first = payment ? record->subject : record->source, second = payment ? STR("") : record->id;
    CHECK((size_t)record->account.size + first.size + second.size + 4 <= sizeof bytes);
    bytes[0] = (char)record->kind;
    char *end = put(put(put(bytes + 1, record->account), first), second);
    struct identity identity;
    hash_bytes_128(bytes, (size_t)(end - bytes), &identity.low, &identity.high);
    if (identity.low == 0 && identity.high == 0)
        identity.low = 1;
    return identity;
}

static bool is_empty(const struct seen_slot *slot)
{
    return slot->low == 0 && slot->high == 0;
}

/* The slot that holds the identity, or the empty one where it belongs. */
static struct seen_slot *slot_of(const struct seen *seen, struct identity identity)
{
    uint64_t mask = seen->capacity - 1;
    for (uint64_t i = identity.low & mask;; i = (i + 1) & mask) {
        struct seen_slot *slot = &seen->slots[i];
        if (is_empty(slot) || (slot->low == identity.low && slot->high == identity.high))
            return slot;
    }
}

/* The same identities, those of hours before `from` left out, with room for `count` at least. */
static void rebuild(struct seen *seen, uint64_t count, uint32_t from)
{
    struct seen old = *seen;
    *seen = (struct seen){.capacity = CAPACITY_FIRST};
    while (count * 8 >= seen->capacity * 7)
        seen->capacity *= 2;
    seen->slots = calloc(seen->capacity, sizeof *seen->slots);
    CHECK(seen->slots != NULL);
    for (uint64_t i = 0; i < old.capacity; i++) {
        const struct seen_slot *slot = &old.slots[i];
        if (is_empty(slot) || slot->hour < from)
            continue;
        *slot_of(seen, (struct identity){slot->low, slot->high}) = *slot;
        seen->count++;
    }
    free(old.slots);
}

static uint32_t hour_of(int64_t hour_s)
{
    CHECK(hour_s >= 0 && hour_s / HOUR_S <= UINT32_MAX);
    return (uint32_t)(hour_s / HOUR_S);
}

bool seen_add(struct seen *seen, int64_t hour_s, struct identity identity)
{
    CHECK(hour_s % HOUR_S == 0 && (identity.low != 0 || identity.high != 0));
    if ((seen->count + 1) * 8 >= seen->capacity * 7)
        rebuild(seen, seen->count + 1, 0);
    struct seen_slot *slot = slot_of(seen, identity);
    if (!is_empty(slot))
        return false;
    *slot = (struct seen_slot){identity.low, identity.high, hour_of(hour_s)};
    seen->count++;
    return true;
}

void seen_forget(struct seen *seen, int64_t before_s)
{
    uint32_t from = before_s < 0 ? 0 : hour_of(before_s);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < seen->capacity; i++)
        kept += !is_empty(&seen->slots[i]) && seen->slots[i].hour >= from;
    if (kept < seen->count)
        rebuild(seen, kept, from);
}

static int compare_slots(const void *a, const void *b)
{
    const struct seen_slot *x = a, *y = b;
    if (x->hour != y->hour)
        return x->hour < y->hour ? -1 : 1;
    if (x->high != y->high)
        return x->high < y->high ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

void seen_pack(const struct seen *seen, struct packer *out)
{
    pack_u64(out, seen->count);
    struct seen_slot *sorted = malloc((seen->count + 1) * sizeof *sorted);
    CHECK(sorted != NULL);
    uint64_t count = 0;
    for (uint64_t i = 0; i < seen->capacity; i++)
        if (!is_empty(&seen->slots[i]))
            sorted[count++] = seen->slots[i];
    CHECK(count == seen->count);
    qsort(sorted, count, sizeof *sorted, compare_slots);
    pack_raw(out, sorted, count * sizeof *sorted);
    free(sorted);
}

void seen_unpack(struct seen *seen, struct unpacker *in)
{
    uint32_t count = unpack_count(in, SLOT_BYTES);
    rebuild(seen, count, 0);
    for (uint32_t i = 0; i < count; i++) {
        struct seen_slot slot;
        unpack_raw(in, &slot, sizeof slot);
        if (in->bad || is_empty(&slot)) {
            in->bad = true;
            return;
        }
        seen_add(seen, (int64_t)slot.hour * HOUR_S, (struct identity){slot.low, slot.high});
    }
    if (seen->count != count)
        in->bad = true;
}

void seen_release(struct seen *seen)
{
    free(seen->slots);
    *seen = (struct seen){0};
}
