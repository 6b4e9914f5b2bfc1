/* Something that fails and is tried again, for ever: how long to pause before each try, and when to say so
 * (at once, then once a minute). Pure: the caller's clock and random numbers in.
 *
 * Pauses double from the least to the most; each is between half of that and all of it, by chance, so that
 * processes that failed together do not come back together.
 *
 * What comes and goes floods no journal: of outages that begin within a minute three are said at once, and
 * those after them only if they last five seconds; what was not said is not said to be over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"
#include "lib/port/host.h"

/* The pauses are those before handles of a server that is away are opened again. */
enum {
    OUTAGE_SAY_MS = 60000,
    OUTAGE_SAID_MOST = 3,
    OUTAGE_LASTS_MS = 5000,
    OUTAGE_PAUSE_LEAST_MS = 500,
    OUTAGE_PAUSE_MOST_MS = 30000,
};

struct outage {
    bool going;
    int64_t since_ms;
    int64_t said_ms;
    bool said;         /* of this one */
    int64_t minute_ms; /* a minute of outages began then, */
    uint32_t begun;    /* and so many did within it */
    int64_t pause_ms;  /* the last one, before chance; 0: none yet */
    char why[400];     /* the last failure */
};

/* It fails: the outage begins, or goes on. */
void outage_fail(struct outage *outage, int64_t now_ms, const char *why);
/* How long to pause before the next try. */
int64_t outage_pause(struct outage *outage, int64_t least_ms, int64_t most_ms, uint64_t random);
/* Whether a line is due now; then the next one is a minute later. */
bool outage_speaks(struct outage *outage, int64_t now_ms);
/* It works again. How long it did not; -1: it was well, or nobody was told. Pauses begin with the least
 * again. */
int64_t outage_heal(struct outage *outage, int64_t now_ms);
/* Since when, in UTC, for eyes; "-" where the host has no such clock. */
void outage_since(const struct outage *outage, struct host *host, char out[TIME_TEXT_SIZE]);
