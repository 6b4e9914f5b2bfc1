/* Counts that were not emitted yet: by product, what was called (an endpoint), sku (its model), hour and
 * interval of prices (DESIGN §4).
 *
 * They stay here until their hour is closed, and are emitted once. The seconds between two changes of a price
 * of the sku are added up together, exactly, since one price covers them. The names of a line are interned
 * once, at its first event; after that an event costs one hash and one comparison of bytes where they lie. */
#pragma once

#include "lib/base/names.h"
#include "lib/domain/prices.h"
#include "lib/domain/record.h"

struct sum_key {
    uint32_t account; /* numbers of names */
    uint32_t subject;
    uint32_t sku;
    enum product product;
    uint32_t plain_in; /* in the catalog of this number no price of the sku begins inside an hour */
};

struct sum {
    uint32_t key;    /* index into keys */
    uint32_t next;   /* of the same key, with a later from_s: index + 1; 0: none */
    uint16_t from_s; /* the interval's first second, from the hour's start */
    bool first;      /* of its key */
    unsigned __int128 by_meter[COUNT_METERS_MAX]; /* as its product lists them */
};

struct sum_hour {
    int64_t hour_s;
    VEC(struct sum) list;
    struct table index; /* of the first of each key */
};

struct sums {
    VEC(struct sum_key) keys; /* for the life of the process */
    struct table key_index;
    VEC(struct sum_hour) hours; /* in order of time */
};

/* The prices are those of the generation's catalogs: that of the record's hour says where to cut. */
void sums_add(struct sums *sums, struct names *names, const struct prices *prices,
              const struct record *record);
/* The names of a line of counts. */
struct sum_names {
    enum product product;
    struct str account;
    struct str subject;
    struct str sku;
};
/* Takes back what a snapshot had. */
void sums_restore(struct sums *sums, struct names *names, const struct sum_names *line, int64_t hour_s,
                  const struct sum *sum);
/* How many hours, from the first on, lie before before_s. */
uint32_t sums_hours_before(const struct sums *sums, int64_t before_s);
/* Whether anything is counted in hours of [from_s, to_s). */
bool sums_any(const struct sums *sums, int64_t from_s, int64_t to_s);
/* Deletes the first `count` hours, which were emitted. */
void sums_forget(struct sums *sums, uint32_t count);
void sums_release(struct sums *sums);
