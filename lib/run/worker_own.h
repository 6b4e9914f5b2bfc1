/* What the files of lib/run/worker*.c share. Internal. */
#pragma once

#include "lib/run/assignment.h"
#include "lib/run/worker.h"

struct partitions {
    VEC(struct partition *) list;
};

struct worker {
    const struct worker_config *config;
    struct stage *stage;
    struct host *host;
    struct log *log; /* NULL: no handles */
    bool stage_open;
    bool seen; /* the topic was there once */
    uint32_t restarts;
    int status;

    struct assignment wanted; /* partitions that are ours, by option or by the group */
    bool revoked;             /* none is ours any more, but for what `wanted` says */
    bool reassigned;          /* `wanted` is new */
    bool joined;              /* what is ours is known */
    struct partitions parts;  /* ours */
    struct partitions aside;  /* were ours a moment ago: some may come back */
    uint32_t first;           /* whose turn it is to be first */
    bool claims_read;         /* the stage has assigned what it reads to claim */

    struct outage outage;   /* of handles, and of a log that does not answer */
    bool trouble;           /* the log, or what the stage opened, does not answer */
    int64_t next_try_ms;    /* handles are opened again then */
    int64_t opened_ms;      /* when they were, */
    uint64_t progress_then; /* and what was worked off by then */
    int64_t probed_ms;
    int64_t committed_ms;
    bool was_ready;
    int64_t shown_ms; /* what whoever looks was told last */
    uint32_t shown_fingerprint;
    char why[300];
    VEC(struct worker_shown) shown;
};

/* One turn of open handles. */
enum error_class worker_work(struct worker *worker, struct error *error);
/* All that is ours is dropped, for good. */
void worker_drop_all(struct worker *worker);
/* What the log calls back. */
struct log_client worker_client(struct worker *worker);
/* Something does not answer, and the handles stay. */
void worker_trouble(struct worker *worker, const char *why);
/* A stage waits for the log (lib/run/send.h). */
void worker_waited(void *context, int64_t waited_ms);
/* Says what is due to be said, and tells whoever looks. */
void worker_show(struct worker *worker);
