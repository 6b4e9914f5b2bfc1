/* A whole house in one thread: the log and the tables in memory, aggregators and settlers as they run in
 * production (lib/run/worker and their stages), a collector's messages, and simulated time. The same calls
 * give the same life. */
#pragma once

#include "lib/domain/topics.h"
#include "lib/port/memory_log.h"
#include "lib/run/worker.h"
#include "tests/simulation/fence.h"
#include "tests/simulation/input.h"

enum { HOUSE_PROCESSES_MAX = 6 };

enum process_kind { PROCESS_AGGREGATOR, PROCESS_SETTLER };

struct house;

struct process {
    struct host host; /* first: it is found by its address */
    struct house *house;
    enum process_kind kind;
    char name[16];
    struct memory_member member;
    struct memory_member appends; /* a settler's notices */
    struct stage *stage;
    struct stage_ops ops; /* the stage's own, with an ear at `stopped` */
    const struct stage_ops *own_ops;
    struct worker_config config;
    struct worker *worker; /* NULL: it does not run */
    int64_t begins_ms;     /* it is started then */
    int64_t thaws_ms;      /* it takes no turns until then; 0: it does */
    int64_t eases_ms;      /* its acknowledgements are late until then; 0: they are not */
    int64_t away_ms;       /* how long it is away once it is dead */
    bool doomed;           /* the death of its handle is its own */
};

/* A partition that stopped before it bills wrongly. */
struct house_stop {
    enum process_kind kind;
    uint32_t partition;
    char why[200];
};

struct house {
    const struct input *input;
    uint32_t fed; /* messages of the input that stand in the log */
    struct topics topics;
    struct memory_log *log;
    struct memory_tables *tables;
    struct fence fence;
    struct process processes[HOUSE_PROCESSES_MAX];
    uint32_t count;
    uint64_t random;
    uint64_t turns;
    VEC(struct house_stop) stops;
    bool ended; /* a process gave up, which none may */
    char why_ended[200];
};

struct house_config {
    const struct input *input;
    uint64_t seed;
    uint32_t aggregators;
    uint32_t settlers;
    int64_t latency_ms;
    uint32_t work_max;     /* of the settlers' transactions; 0: as in production */
    uint32_t accounts_max; /* the same */
};

struct house *house_new(const struct house_config *config);
void house_free(struct house *house);

/* Appends so many messages of the input; fewer where it ends. */
void house_feed(struct house *house, uint32_t count);
/* One turn of the process, if it runs. */
void house_turn(struct house *house, struct process *process);
/* The process is killed where it stands: at once, or at the `calls`-th thing that it asks of the log or of
 * the tables. It starts again so much later. */
void house_kill(struct process *process, uint32_t calls, enum memory_landing landing, int64_t away_ms);
/* It stops in order, and starts again later. */
void house_leave(struct process *process, int64_t away_ms);
/* It takes no turns for so long, as if it were stopped by a signal. */
void house_freeze(struct process *process, int64_t ms);
/* What it had on its way is nothing to it any more. */
bool process_is_dead(const struct process *process);

/* --- stages.c --- */

/* The stage of the process's kind. */
struct stage *process_stage_new(struct process *process);
void process_stage_free(struct process *process);
