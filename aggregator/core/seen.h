/* Which counts have been seen: identities of 128 bits, by the hour of the event (CONTRACT §2, DESIGN §4).
 *
 * A bucket is forgotten only when its hour is too late to be accepted, so no accepted event is ever counted
 * twice. 16 bytes an identity, at most four fifths of a bucket used. */
#pragma once

#include <stdbool.h>

#include "lib/base/str.h"
#include "lib/base/table.h"
#include "lib/base/vec.h"

struct identity {
    uint64_t low;
    uint64_t high;
};

struct seen_bucket {
    int64_t hour_s;
    struct identity *slots; /* {0, 0}: empty */
    uint64_t capacity;      /* a power of two, or 0 */
    uint64_t count;
};

struct seen {
    VEC(struct seen_bucket) buckets; /* by hour */
    uint32_t last;                   /* the bucket that was used last */
};

/* The identity of (source, id); never {0, 0}. */
struct identity identity_of(struct str source, struct str id);
int identity_compare(const void *a, const void *b);
/* True when it is new; then it is in. */
bool seen_add(struct seen *seen, int64_t hour_s, struct identity identity);
/* Forgets the hours before before_s. */
void seen_forget(struct seen *seen, int64_t before_s);
void seen_release(struct seen *seen);
