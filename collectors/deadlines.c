#include "collectors/deadlines.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "lib/base/check.h"

enum { LOOK_MS = 100 };

struct deadline {
    int socket;
    int64_t at_ms; /* monotonic; INT64_MAX: none */
    struct deadline *next;
    struct deadline *previous;
};

struct deadlines {
    struct metric *expired;
    pthread_t thread;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* of what follows */
    struct deadline *first;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * (int64_t)1000 + now.tv_nsec / 1000000;
}

static void *watch(void *context)
{
    struct deadlines *deadlines = context;
    while (!atomic_load(&deadlines->stopping)) {
        nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
        int64_t now = now_ms();
        pthread_mutex_lock(&deadlines->lock);
        for (struct deadline *d = deadlines->first; d != NULL; d = d->next) {
            if (d->at_ms > now)
                continue;
            shutdown(d->socket, SHUT_RDWR);
            d->at_ms = INT64_MAX;
            metric_add(deadlines->expired, 1);
        }
        pthread_mutex_unlock(&deadlines->lock);
    }
    return NULL;
}

struct deadlines *deadlines_new(struct metric *expired)
{
    struct deadlines *deadlines = calloc(1, sizeof *deadlines);
    CHECK(deadlines != NULL);
    deadlines->expired = expired;
    pthread_mutex_init(&deadlines->lock, NULL);
    CHECK(pthread_create(&deadlines->thread, NULL, watch, deadlines) == 0);
    return deadlines;
}

void deadlines_free(struct deadlines *deadlines)
{
    if (deadlines == NULL)
        return;
    atomic_store(&deadlines->stopping, true);
    pthread_join(deadlines->thread, NULL);
    CHECK(deadlines->first == NULL);
    pthread_mutex_destroy(&deadlines->lock);
    free(deadlines);
}

struct deadline *deadline_new(struct deadlines *deadlines, int socket, int32_t in_ms)
{
    struct deadline *deadline = calloc(1, sizeof *deadline);
    CHECK(deadline != NULL);
    deadline->socket = socket;
    deadline->at_ms = now_ms() + in_ms;
    pthread_mutex_lock(&deadlines->lock);
    deadline->next = deadlines->first;
    if (deadlines->first != NULL)
        deadlines->first->previous = deadline;
    deadlines->first = deadline;
    pthread_mutex_unlock(&deadlines->lock);
    return deadline;
}

void deadline_set(struct deadlines *deadlines, struct deadline *deadline, int32_t in_ms)
{
    pthread_mutex_lock(&deadlines->lock);
    deadline->at_ms = in_ms == DEADLINE_NONE ? INT64_MAX : now_ms() + in_ms;
    pthread_mutex_unlock(&deadlines->lock);
}

void deadline_free(struct deadlines *deadlines, struct deadline *deadline)
{
    pthread_mutex_lock(&deadlines->lock);
    if (deadline->next != NULL)
        deadline->next->previous = deadline->previous;
    if (deadline->previous != NULL)
        deadline->previous->next = deadline->next;
    else
        deadlines->first = deadline->next;
    pthread_mutex_unlock(&deadlines->lock);
    free(deadline);
}
