/* Whether a process does its work, why not, and since when: what /readyz and metrics say.
 *
 * Readers and setters are in any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { READINESS_WHY_BYTES = 160 };

struct readiness {
    pthread_mutex_t lock; /* of what follows */
    bool ready;
    char why[READINESS_WHY_BYTES]; /* why not; "" while ready */
    int64_t since_us; /* since 1970: when it last became ready, or last ceased to be; 0: not yet */
};

/* For one with static storage: it is starting. */
#define READINESS_STARTING                                                                                   \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER, .why = "starting"                                                 \
    }

/* Not ready: starting. */
void readiness_init(struct readiness *readiness);
void readiness_release(struct readiness *readiness);

/* Another reason while it is not ready leaves the time as it was. A text that is too long is cut. */
void readiness_set_ready(struct readiness *readiness);
void readiness_set_waiting(struct readiness *readiness, const char *why);

struct readiness_view {
    bool ready;
    char why[READINESS_WHY_BYTES];
    int64_t since_us;
};
/* All three as of one moment. */
void readiness_view(struct readiness *readiness, struct readiness_view *out);
