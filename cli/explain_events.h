/* The events of the log that a line came from, printed with their places (`hourglass explain`). */
#pragma once

#include "lib/domain/record.h"
#include "lib/run/read_through.h"

/* What is looked for. */
struct explain_wanted {
    struct str account;
    struct str resource; /* storage: of every file system */
    struct str sku;
    enum product product;
    enum meter meter;
    bool of_order;   /* the order's events, by name */
    int64_t from_us; /* effective times, [from, to); of an order's events, any */
    int64_t to_us;
    int64_t hour_us;       /* of what storage was before, the last report of each file system is enough */
    int64_t signs_from_us; /* signs of life are counted from then on */
    const char *topic;
    uint32_t partition;
    int64_t from; /* offsets, [from, to) */
    int64_t to;
};

enum error_class explain_print_events(const struct explain_wanted *wanted, const struct read_source *source,
                                      struct error *error);
