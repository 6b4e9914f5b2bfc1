/* Which events have been seen: identities of 128 bits, each with its event's hour (CONTRACT §2, DESIGN §4).
 *
 * One table for the whole horizon: a repeat may come with another time, and is found all the same. An
 * identity is forgotten only when its hour is too late to be accepted, so no accepted count is taken twice.
 * 20 bytes a slot, at most seven eighths of them used. */
#pragma once

#include <stdbool.h>

#include "lib/base/pack.h"
#include "lib/domain/record.h"

struct identity {
    uint64_t low;
    uint64_t high;
};

/* Packed: an identity more or less is what this table weighs. */
struct __attribute__((packed, aligned(4))) seen_slot {
    uint64_t low; /* with high: {0, 0}: empty */
    uint64_t high;
    uint32_t hour; /* hours since 1970 */
};

struct seen {
    struct seen_slot *slots;
    uint64_t capacity; /* a power of two, or 0 */
    uint64_t count;
};

/* Of counts and orders' events by (account, type, source, id), of payments by (account, type, subject); never
 * {0, 0}. A change of a level is identified by its times too, among those of its own resource. */
struct identity identity_of(const struct record *record);
/* True when it is new; then it is in. */
bool seen_add(struct seen *seen, int64_t hour_s, struct identity identity);
/* Forgets those of hours before before_s. */
void seen_forget(struct seen *seen, int64_t before_s);
/* Appends all of them, sorted, and takes them in again (DESIGN §4, Snapshots). */
void seen_pack(const struct seen *seen, struct packer *out);
void seen_unpack(struct seen *seen, struct unpacker *in);
void seen_release(struct seen *seen);
