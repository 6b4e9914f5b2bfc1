/* A line of an hour out of the tables: what it was rated from, with all that its rating hangs on, and the
 * rating again by the settler's own cores. */
#pragma once

#include "settler/core/settle.h"
#include "settler/store/pg/history.h"

struct explained {
    struct settlement settlement; /* the line's pool in that hour, as the tables have it */
    bool bad;                     /* usage that is stored is none: it counts as nothing */
    uint32_t at;                  /* the line and hour in the book, settled: the last row */
    struct history_claim claim;   /* of the partition */
};

/* Fills it from the tables; to be released whatever comes. */
enum error_class explained_load(struct explained *of, struct store *store, const struct history_line *line,
                                int64_t hour_s, struct error *error);
void explained_release(struct explained *of);

static inline const struct line_hour *explained_hour(const struct explained *of)
{
    return &of->settlement.book.hours.at[of->at];
}

static inline const struct line_key *explained_key(const struct explained *of)
{
    return &of->settlement.book.lines.at[explained_hour(of)->line].key;
}

static inline struct str explained_name(const struct explained *of, uint32_t name)
{
    return names_get(&of->settlement.book.names, name);
}

/* The line rated anew. Before explained_parts, which shows what it worked out. */
struct settled explained_rate(struct explained *of);

/* A run of seconds at one level and price; of a count, what was counted in the seconds of one price. */
struct explained_part {
    int64_t from_s; /* [from, to) */
    int64_t to_s;
    unsigned __int128 quantity;
    unsigned __int128 billed; /* of the quantity: what is neither free nor covered */
    unsigned __int128 units;
    uint32_t order;            /* number of a name; 0: none */
    const struct price *price; /* NULL: there is none at these seconds */
};
typedef void visit_part(void *context, const struct explained_part *part);
/* Of a usage line, in order of time. */
void explained_parts(const struct explained *of, visit_part *visit, void *context);

/* The second in which what it runs with at the hour's beginning began, found in the hours before it; the
 * hour's beginning: nothing ran. Of storage, since when there are bytes. */
enum error_class explained_began(const struct explained *of, struct store *store, int64_t *began_s,
                                 struct error *error);
