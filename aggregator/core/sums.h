/* Counts of the epoch under way: tokens and images by (account, endpoint, model, second).
 *
 * The names of a line are interned once, at its first event; after that an event costs one hash and one
 * comparison of bytes where they lie. */
#pragma once

#include "lib/base/names.h"
#include "lib/domain/record.h"

enum { SUM_INPUT, SUM_OUTPUT, SUM_IMAGES, SUM_METERS };

struct sum_key {
    uint32_t account; /* numbers of names */
    uint32_t subject;
    uint32_t sku;
    uint32_t rank; /* among the keys of the epoch, after sums_sort */
    bool used;     /* in the epoch under way */
};

struct sum {
    uint32_t key; /* index into keys */
    int64_t second_s;
    unsigned __int128 by_meter[SUM_METERS];
};

struct sums {
    VEC(struct sum_key) keys; /* for the life of the process */
    struct table key_index;
    VEC(struct sum) list; /* of this epoch */
    struct table index;
    VEC(uint32_t) used; /* keys of this epoch */
};

void sums_add(struct sums *sums, struct names *names, const struct record *record);
/* Puts the epoch's sums in order of account, endpoint, model (bytes) and second. Their index is void then. */
void sums_sort(struct sums *sums, const struct names *names);
/* The epoch is over: forgets its sums, keeps keys and memory. */
void sums_clear(struct sums *sums);
void sums_release(struct sums *sums);
