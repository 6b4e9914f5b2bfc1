#include "lib/io/readiness.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/check.h"
#include "lib/io/clock.h"

void readiness_init(struct readiness *readiness)
{
    *readiness = (struct readiness)READINESS_STARTING;
    CHECK(pthread_mutex_init(&readiness->lock, NULL) == 0);
    readiness->since_us = clock_real_us();
}

void readiness_release(struct readiness *readiness)
{
    pthread_mutex_destroy(&readiness->lock);
}

static void set(struct readiness *readiness, bool ready, const char *why)
{
    pthread_mutex_lock(&readiness->lock);
    if (readiness->ready != ready || readiness->since_us == 0)
        readiness->since_us = clock_real_us();
    readiness->ready = ready;
    snprintf(readiness->why, sizeof readiness->why, "%s", why);
    pthread_mutex_unlock(&readiness->lock);
}

void readiness_set_ready(struct readiness *readiness)
{
    set(readiness, true, "");
}

void readiness_set_waiting(struct readiness *readiness, const char *why)
{
    CHECK(why[0] != 0);
    set(readiness, false, why);
}

void readiness_view(struct readiness *readiness, struct readiness_view *out)
{
    pthread_mutex_lock(&readiness->lock);
    out->ready = readiness->ready;
    memcpy(out->why, readiness->why, sizeof out->why);
    out->since_us = readiness->since_us;
    pthread_mutex_unlock(&readiness->lock);
}
