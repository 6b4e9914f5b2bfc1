#include "tests/support/counting_worker.h"

#include <stdio.h>

struct counting {
    struct partition base;
    int64_t next;
    bool fresh; /* it was claimed, and has had no turn */
};

/* --- a stage that counts --- */

static struct fixture *of(struct stage *stage)
{
    return (struct fixture *)stage;
}

static enum error_class open_stage(struct stage *stage, struct error *error)
{
    of(stage)->opened++;
    if (of(stage)->open_fails == ERROR_NONE)
        return ERROR_NONE;
    return error_set(error, of(stage)->open_fails, "store", "cannot be had");
}

static void close_stage(struct stage *stage)
{
    of(stage)->closed_while_ready |= of(stage)->ready;
}

static struct partition *make_partition(struct stage *stage, uint32_t number)
{
    (void)stage;
    struct counting *counting = calloc(1, sizeof *counting);
    counting->base.number = number;
    return &counting->base;
}

static void free_partition(struct stage *stage, struct partition *partition)
{
    (void)stage;
    free(partition);
}

static enum error_class claim(struct stage *stage, struct partition *const *partitions, uint32_t count,
                              struct error *error)
{
    (void)error;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = partitions[i]->number;
        ((struct counting *)partitions[i])->next = of(stage)->stood[number];
        ((struct counting *)partitions[i])->fresh = true;
        of(stage)->claims[number]++;
        of(stage)->claimed_ms = stage->host->now_ms(stage->host);
        partition_set(partitions[i], PARTITION_WORKING, NULL);
    }
    return ERROR_NONE;
}

static enum error_class take(struct stage *stage, struct partition *partition,
                             const struct log_message *message, struct error *error)
{
    struct counting *counting = (struct counting *)partition;
    uint32_t number = partition->number;
    if (of(stage)->lose[number]) {
        partition_set(partition, PARTITION_LOST, "somebody else has it");
        return ERROR_NONE;
    }
    if (of(stage)->take_fails[number] != ERROR_NONE)
        return error_set(error, of(stage)->take_fails[number], "rows", "refused");
    assert_int_equal(message->offset, counting->next);
    of(stage)->stood[number] = ++counting->next;
    stage->progress++;
    partition->full = of(stage)->fills;
    return ERROR_NONE;
}

static int64_t beside(const struct stage *stage, const struct partition *partition)
{
    return ((const struct fixture *)stage)->beside[partition->number];
}

static enum error_class take_beside(struct stage *stage, struct partition *partition, enum log_got got,
                                    const struct log_message *message, struct error *error)
{
    (void)error;
    int64_t *next = &of(stage)->beside[partition->number];
    of(stage)->beside_gone += got == LOG_GOT_GONE;
    if (got == LOG_GOT_GONE)
        *next = -1;
    partition->reread |= got == LOG_GOT_GONE;
    if (got != LOG_GOT_MESSAGE)
        return ERROR_NONE;
    assert_int_equal(message->offset, *next);
    (*next)++;
    return ERROR_NONE;
}

static enum error_class turn(struct stage *stage, struct partition *partition, struct error *error)
{
    struct counting *counting = (struct counting *)partition;
    partition->full = false;
    if (counting->fresh)
        of(stage)->lag_claimed[partition->number] = partition->lag;
    counting->fresh = false;
    if (!of(stage)->turn_fails || stage->host->now_ms(stage->host) < of(stage)->claimed_ms + 500)
        return ERROR_NONE;
    return error_set(error, ERROR_ABORT, "store", "fails late");
}

static bool drop(struct stage *stage, struct partition *partition)
{
    (void)stage, (void)partition;
    return false;
}

static void stopped(struct stage *stage, struct partition *partition)
{
    (void)stage, (void)partition;
}

static void figures(const struct stage *stage, const struct partition *partition,
                    struct partition_figures *out)
{
    (void)stage;
    int64_t next = ((const struct counting *)partition)->next;
    *out = (struct partition_figures){next, next, INT64_MIN, INT64_MIN};
}

static enum error_class probe(struct stage *stage, struct error *error)
{
    if (of(stage)->probe_fails == ERROR_NONE)
        return ERROR_NONE;
    return error_set(error, of(stage)->probe_fails, "store", "does not answer");
}

static const struct stage_ops ops = {
    .name = "counting",
    .open = open_stage,
    .close = close_stage,
    .make = make_partition,
    .free = free_partition,
    .claim = claim,
    .take = take,
    .turn = turn,
    .beside = beside,
    .take_beside = take_beside,
    .drop = drop,
    .stopped = stopped,
    .figures = figures,
    .probe = probe,
};

/* --- the fixture --- */

static void show(void *context, const struct worker_view *view)
{
    struct fixture *f = context;
    f->ready = view->ready;
    f->shown = view->count;
    f->restarts = view->restarts;
    snprintf(f->why, sizeof f->why, "%s", view->why);
    for (uint32_t p = 0; p < PARTITIONS; p++)
        f->states[p] = PARTITION_ABSENT;
    for (uint32_t i = 0; i < view->count; i++) {
        f->states[view->shown[i].number] = view->shown[i].state;
        f->lags[view->shown[i].number] = view->shown[i].lag;
    }
}

void counting_begin(struct fixture *f, const char *partitions)
{
    f->config = (struct worker_config){.stage = &f->stage,
                                       .opener = memory_log_opener(&f->member),
                                       .host = &f->host.host,
                                       .topic = "t",
                                       .partitions = partitions,
                                       .show = show,
                                       .show_context = f};
    f->worker = worker_new(&f->config);
}

int counting_make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->stage.ops = &ops;
    f->log = memory_log_new(&(struct memory_log_config){.seed = 3, .now_ms = 100000});
    f->member = (struct memory_member){.log = f->log, .group = "g", .topic = "t", .name = "one"};
    memory_host_init(&f->host, f->log);
    *state = f;
    return 0;
}

int counting_unmake(void **state)
{
    struct fixture *f = *state;
    worker_free(f->worker);
    memory_log_free(f->log);
    free(f);
    return 0;
}

void counting_live(struct fixture *f, int64_t ms)
{
    int64_t end_ms = memory_log_now(f->log) + ms;
    while (!f->ended && memory_log_now(f->log) < end_ms)
        f->ended = !worker_turn(f->worker, &f->status);
}

void put_in(struct fixture *f, const char *topic, uint32_t partition, uint32_t count)
{
    const struct log_record record = {.topic = topic, .partition = partition, .value = STR("v")};
    for (uint32_t i = 0; i < count; i++)
        memory_log_put(f->log, &record);
}

void put(struct fixture *f, uint32_t partition, uint32_t count)
{
    put_in(f, "t", partition, count);
}

void counting_begin_well(struct fixture *f)
{
    memory_log_topic(f->log, "t", PARTITIONS);
    counting_begin(f, "group");
    counting_live(f, 3000);
    assert_true(f->ready);
    assert_int_equal(f->shown, PARTITIONS);
}
