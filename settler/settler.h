/* The settler as a stage of the worker (lib/run/worker.h): usage.frames settled into a store, each frame once
 * (DESIGN §5), usage.rejects copied beside it (settler/rejects.h), and notices sent (settler/notices.h).
 * Through ports alone: the log and the host are the worker's, the store is its own. */
#pragma once

#include "lib/domain/topics.h"
#include "lib/run/worker.h"
#include "settler/notices.h"
#include "settler/rejects.h"
#include "settler/store/store.h"

struct settler {
    struct stage stage;
    const struct topics *topics;
    struct store_opener opener;
    struct store *store; /* NULL: none is open */
    bool known;          /* the store was told whose log it settles: */
    struct store_generation generation;
    bool probing;
    bool refused;      /* a partition's work was, since it was opened: it may be the session's fault */
    int64_t opened_ms; /* when it was, or the last try to open another */
    struct rejects_topic rejects;
    struct notices_topic notices;
};

/* In the caller's storage; the topics last as long. */
void settler_init(struct settler *settler, const struct topics *topics, struct store_opener opener);
/* Notices are sent (settler/notices.h), by a handle of its own that appends. */
void settler_publish(struct settler *settler, struct log_opener opener);
/* To be called while the store waits for an answer, and for how long already: it is alive all the same, and
 * not ready when that is long. False: it is to stop, and the answer is not worth more. `settler` is a struct
 * settler. */
bool settler_waiting(void *settler, int64_t waited_ms);
