#include <string.h>

#include "lib/base/check.h"
#include "lib/io/journal.h"
#include "lib/run/worker_own.h"

enum { POLL_MS = 100, BATCH = 1000, READ_MS = 250, PROBE_MS = 1000, COMMIT_MS = 5000 };
enum { REFUSED_LEAST_MS = 500, REFUSED_MOST_MS = 30000, LOST_LEAST_MS = 1000, LOST_MOST_MS = 60000 };

static int64_t now_of(const struct worker *worker)
{
    return worker->host->now_ms(worker->host);
}

static bool works(const struct partition *partition)
{
    return partition->state == PARTITION_WORKING && !partition->waits;
}

static struct partition *partition_of(const struct partitions *parts, uint32_t number)
{
    for (uint32_t i = 0; i < parts->list.count; i++)
        if (parts->list.at[i]->number == number)
            return parts->list.at[i];
    return NULL;
}

/* --- what the log calls back --- */

static void on_assigned(void *context, const uint32_t *partitions, uint32_t count)
{
    struct worker *worker = context;
    vec_clear(&worker->wanted.partitions);
    for (uint32_t i = 0; i < count; i++)
        vec_push(&worker->wanted.partitions, partitions[i]);
    worker->reassigned = true;
}

static void on_revoked(void *context)
{
    struct worker *worker = context;
    vec_clear(&worker->wanted.partitions);
    worker->revoked = true;
    worker->reassigned = false;
}

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct worker *worker = context;
    struct stage *stage = worker->stage;
    if (stage->ops->delivered != NULL)
        stage->ops->delivered(stage, partition_of(&worker->parts, delivery->partition), tag, delivery);
}

struct log_client worker_client(struct worker *worker)
{
    return (struct log_client){on_delivered, on_assigned, on_revoked, worker};
}

/* --- assignment --- */

static void free_aside(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->aside.list.count; i++)
        worker->stage->ops->free(worker->stage, worker->aside.list.at[i]);
    vec_clear(&worker->aside.list);
}

/* None is ours. What stays good is kept aside: the group may give it back (docs/decisions/006). */
static void set_aside(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        struct partition *partition = worker->parts.list.at[i];
        bool kept = worker->stage->ops->drop(worker->stage, partition);
        partition_set(partition, PARTITION_ABSENT, NULL);
        partition->reading = partition->waits = partition->refused = false;
        partition->outage = (struct outage){0};
        if (kept)
            vec_push(&worker->aside.list, partition);
        else
            worker->stage->ops->free(worker->stage, partition);
    }
    vec_clear(&worker->parts.list);
    worker->revoked = worker->joined = worker->claims_read = false;
}

void worker_drop_all(struct worker *worker)
{
    set_aside(worker);
    free_aside(worker);
}

static struct partition *take_back(struct worker *worker, uint32_t number)
{
    struct partition *partition = partition_of(&worker->aside, number);
    for (uint32_t i = 0; i < worker->aside.list.count && partition != NULL; i++) {
        if (worker->aside.list.at[i] != partition)
            continue;
        vec_remove(&worker->aside.list, i, 1);
        break;
    }
    return partition;
}

static void take_over(struct worker *worker)
{
    set_aside(worker);
    for (uint32_t i = 0; i < worker->wanted.partitions.count; i++) {
        uint32_t number = worker->wanted.partitions.at[i];
        struct partition *partition = take_back(worker, number);
        if (partition == NULL)
            partition = worker->stage->ops->make(worker->stage, number);
        partition->lag = -1;
        partition_set(partition, PARTITION_CLAIMING, NULL);
        vec_push(&worker->parts.list, partition);
    }
    free_aside(worker);
    worker->reassigned = false;
    worker->joined = true;
}

/* --- what a partition says of itself --- */

/* It failed, or was lost, and waits alone. */
static void wait_alone(struct worker *worker, struct partition *partition, int64_t least_ms, int64_t most_ms)
{
    int64_t now_ms = now_of(worker);
    outage_fail(&partition->outage, now_ms, partition->why);
    partition->resume_ms =
        now_ms + outage_pause(&partition->outage, least_ms, most_ms, worker->host->random(worker->host));
    partition->waits = partition->reread = true; /* it goes on from its claim, however soon */
    partition->refused = false;
    partition->contested = partition->state == PARTITION_LOST;
    if (partition->state == PARTITION_WORKING)
        partition_set(partition, PARTITION_CLAIMING, partition->outage.why);
}

static void tell_state(struct worker *worker, struct partition *partition)
{
    struct partition_figures figures = {.position = -1};
    worker->stage->ops->figures(worker->stage, partition, &figures);
    const struct journal_field fields[] = {JOURNAL_INT("partition", partition->number),
                                           JOURNAL_STR("why", partition->why),
                                           JOURNAL_INT("offset", figures.position)};
    if (partition->state == PARTITION_STOPPED)
        journal_write(JOURNAL_LEVEL_ERROR, "partition_stopped", fields, 3);
    if (partition->state == PARTITION_LOST)
        journal_write(JOURNAL_LEVEL_WARNING, "partition_lost", fields, 3);
}

/* States that changed in this turn are said, and what hangs on them done. */
static void note_state(struct worker *worker, struct partition *partition)
{
    if (partition->state != partition->told) {
        tell_state(worker, partition);
        if (partition->state == PARTITION_STOPPED)
            worker->stage->ops->stopped(worker->stage, partition);
        if (partition->state == PARTITION_LOST)
            wait_alone(worker, partition, LOST_LEAST_MS, LOST_MOST_MS);
    }
    if (partition->refused)
        wait_alone(worker, partition, REFUSED_LEAST_MS, REFUSED_MOST_MS);
    bool idle = partition->state != partition->told && !works(partition);
    partition->told = partition->state;
    if (idle)
        worker_show(worker); /* a turn may last */
    if (works(partition) || !outage_speaks(&partition->outage, now_of(worker)))
        return;
    char since[TIME_TEXT_SIZE];
    outage_since(&partition->outage, worker->host, since);
    journal_warning("partition_waits", JOURNAL_INT("partition", partition->number),
                    JOURNAL_STR("why", partition->outage.why), JOURNAL_STR("since", since));
}

/* What failed before is over once something was worked off, or it has worked for as long as it waited; what
 * was lost must be held for longer than that: two owners that fight for it wait ever longer. */
static void heal_alone(struct worker *worker, struct partition *partition, bool progress)
{
    int64_t now_ms = now_of(worker), pause_ms = partition->outage.pause_ms;
    if (!partition->outage.going || partition->refused || !works(partition) ||
        (!progress && now_ms - partition->claimed_ms < pause_ms) ||
        (partition->contested && now_ms - partition->claimed_ms < 2 * pause_ms))
        return;
    int64_t after_ms = outage_heal(&partition->outage, now_of(worker));
    if (after_ms >= 0)
        journal_info("partition_back", JOURNAL_INT("partition", partition->number),
                     JOURNAL_INT("after_s", after_ms / 1000));
}

/* --- claiming --- */

/* Those whose pause is over go on. */
static void end_pauses(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        struct partition *partition = worker->parts.list.at[i];
        if (!partition->waits || now_of(worker) < partition->resume_ms)
            continue;
        partition->waits = false;
        if (partition->state == PARTITION_LOST)
            partition_set(partition, PARTITION_CLAIMING, NULL);
    }
}

static bool any_claiming(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++)
        if (worker->parts.list.at[i]->state == PARTITION_CLAIMING)
            return true;
    return false;
}

static enum error_class claim_on(struct worker *worker, struct error *error)
{
    struct partitions due = {0};
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        struct partition *partition = worker->parts.list.at[i];
        if (partition->state == PARTITION_CLAIMING && !partition->waits)
            vec_push(&due.list, partition);
    }
    enum error_class class = ERROR_NONE;
    if (due.list.count > 0)
        class = worker->stage->ops->claim(worker->stage, due.list.at, due.list.count, error);
    for (uint32_t i = 0; i < due.list.count; i++) {
        due.list.at[i]->claimed_ms = now_of(worker); /* those that work now begin now to prove themselves */
        due.list.at[i]->lag = -1;                    /* and go on from elsewhere */
    }
    vec_release(&due.list);
    worker->claims_read = worker->stage->ops->reads_to_claim && any_claiming(worker);
    if (class != ERROR_RETRY)
        return class;
    worker_trouble(worker, error->text);
    return ERROR_NONE;
}

/* --- working --- */

/* What a stage returned of one partition: RETRY is its alone. */
static enum error_class judged(struct worker *worker, struct partition *partition, enum error_class class,
                               uint64_t before, const struct error *error)
{
    if (class == ERROR_RETRY)
        partition_refuse(partition, error->text);
    heal_alone(worker, partition, worker->stage->progress > before);
    return class == ERROR_RETRY ? ERROR_NONE : class;
}

/* A piece of what waits, each partition in its turn first. */
static enum error_class turn_all(struct worker *worker, struct error *error)
{
    enum error_class class = ERROR_NONE;
    uint32_t count = worker->parts.list.count;
    worker->first++;
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        struct partition *partition = worker->parts.list.at[(worker->first + i) % count];
        uint64_t before = worker->stage->progress;
        if (works(partition)) {
            class = worker->stage->ops->turn(worker->stage, partition, error);
            class = judged(worker, partition, class, before, error);
        }
        note_state(worker, partition);
    }
    return class;
}

static bool any_busy(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++)
        if (works(worker->parts.list.at[i]) && worker->parts.list.at[i]->busy)
            return true;
    return false;
}

/* --- reading --- */

static bool is_read(const struct partition *partition)
{
    return works(partition) && !partition->full;
}

static int64_t position_of(const struct worker *worker, const struct partition *partition)
{
    struct partition_figures figures;
    worker->stage->ops->figures(worker->stage, partition, &figures);
    return figures.position;
}

static bool reads_change(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        const struct partition *partition = worker->parts.list.at[i];
        if (is_read(partition) != partition->reading || (is_read(partition) && partition->reread))
            return true;
    }
    return false;
}

static bool is_beside(const struct worker *worker, const struct log_message *message)
{
    const char *beside = worker->stage->beside;
    return beside != NULL && strcmp(message->topic, beside) == 0;
}

/* Reads each partition that takes messages on from where it is. */
static enum error_class choose_reads(struct worker *worker, struct error *error)
{
    VEC(struct log_position) positions = {0};
    const struct stage *stage = worker->stage;
    if (worker->claims_read || !reads_change(worker))
        return ERROR_NONE;
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        struct partition *partition = worker->parts.list.at[i];
        partition->reading = is_read(partition);
        partition->reread = false;
        if (!partition->reading)
            continue;
        vec_push(&positions, (struct log_position){worker->config->topic, partition->number,
                                                   position_of(worker, partition)});
        int64_t beside = stage->beside != NULL ? stage->ops->beside(stage, partition) : -1;
        if (beside >= 0)
            vec_push(&positions, (struct log_position){stage->beside, partition->number, beside});
    }
    enum error_class class = log_assign(worker->log, positions.at, positions.count, error);
    vec_release(&positions);
    return class;
}

static void records_gone(struct worker *worker, const struct log_message *message)
{
    struct partition *partition = partition_of(&worker->parts, message->partition);
    if (partition == NULL || partition->state != PARTITION_WORKING ||
        strcmp(message->topic, worker->config->topic) != 0)
        return;
    partition_set(partition, PARTITION_STOPPED, "the records at its offset are gone or damaged");
    note_state(worker, partition);
}

static enum error_class take(struct worker *worker, const struct log_message *message, struct error *error)
{
    struct partition *partition = partition_of(&worker->parts, message->partition);
    if (partition == NULL || strcmp(message->topic, worker->config->topic) != 0)
        return ERROR_NONE;
    if (!is_read(partition)) {
        partition->reread = true;
        return ERROR_NONE;
    }
    uint64_t before = worker->stage->progress;
    enum error_class class = worker->stage->ops->take(worker->stage, partition, message, error);
    class = judged(worker, partition, class, before, error);
    note_state(worker, partition);
    return class;
}

static enum error_class take_beside(struct worker *worker, enum log_got got,
                                    const struct log_message *message, struct error *error)
{
    struct partition *partition = partition_of(&worker->parts, message->partition);
    if (partition == NULL || got == LOG_GOT_END)
        return ERROR_NONE;
    if (!is_read(partition)) {
        partition->reread = true;
        return ERROR_NONE;
    }
    uint64_t before = worker->stage->progress;
    enum error_class class = worker->stage->ops->take_beside(worker->stage, partition, got, message, error);
    class = judged(worker, partition, class, before, error);
    note_state(worker, partition);
    return class;
}

static enum error_class take_got(struct worker *worker, enum log_got got, struct log_message *message,
                                 struct error *error)
{
    enum error_class class = ERROR_NONE;
    if (worker->claims_read)
        worker->stage->ops->claim_take(worker->stage, got, message);
    else if (is_beside(worker, message))
        class = take_beside(worker, got, message, error);
    else if (got == LOG_GOT_GONE)
        records_gone(worker, message);
    else if (got == LOG_GOT_MESSAGE)
        class = take(worker, message, error);
    if (got == LOG_GOT_MESSAGE)
        log_release(worker->log, message);
    return class;
}

static enum error_class log_failed(struct worker *worker, const struct error *error)
{
    if (error->class != ERROR_RETRY)
        return error->class;
    worker_trouble(worker, error->text);
    return ERROR_NONE;
}

static enum error_class read_batch(struct worker *worker, struct error *error)
{
    enum error_class class = ERROR_NONE;
    int wait_ms = any_busy(worker) ? 0 : POLL_MS;
    int64_t end_ms = now_of(worker) + READ_MS;
    for (int i = 0; i < BATCH && class == ERROR_NONE && !worker->stage->yield && now_of(worker) < end_ms;
         i++) {
        struct log_message message;
        enum log_got got = log_poll(worker->log, i == 0 ? wait_ms : 0, &message, error);
        if (worker->revoked || worker->reassigned) {
            if (got == LOG_GOT_MESSAGE)
                log_release(worker->log, &message);
            break;
        }
        if (got == LOG_GOT_ERROR && !is_beside(worker, &message))
            return log_failed(worker, error);
        if (got == LOG_GOT_NOTHING)
            break;
        class = take_got(worker, got, &message, error);
    }
    return class;
}

/* --- once in a while --- */

/* Ends of what is ours: whether the log answers, and how far behind each is. */
static enum error_class ask_ends(struct worker *worker, struct error *error)
{
    VEC(struct log_range) ranges = {0};
    for (uint32_t i = 0; i < worker->parts.list.count; i++)
        vec_push(&ranges, (struct log_range){.topic = worker->config->topic,
                                             .partition = worker->parts.list.at[i]->number});
    if (ranges.count == 0)
        vec_push(&ranges, (struct log_range){.topic = worker->config->topic});
    enum error_class class = log_ranges(worker->log, ranges.at, ranges.count, error);
    for (uint32_t i = 0; i < worker->parts.list.count && class == ERROR_NONE; i++) {
        struct partition *partition = worker->parts.list.at[i];
        int64_t lag = ranges.at[i].high - position_of(worker, partition);
        if (partition->state == PARTITION_WORKING)
            partition->lag = lag > 0 ? lag : 0;
    }
    vec_release(&ranges);
    return class;
}

static enum error_class probe(struct worker *worker, struct error *error)
{
    if (now_of(worker) - worker->probed_ms < PROBE_MS && !worker->trouble)
        return ERROR_NONE;
    enum error_class class = ask_ends(worker, error);
    if (class == ERROR_NONE && worker->stage->ops->probe != NULL)
        class = worker->stage->ops->probe(worker->stage, error);
    worker->probed_ms = now_of(worker);
    worker->trouble = class == ERROR_RETRY;
    if (class == ERROR_RETRY)
        worker_trouble(worker, error->text);
    return class == ERROR_RETRY ? ERROR_NONE : class;
}

/* Group offsets, for dashboards alone: whether they come to stand is nobody's matter. */
static void commit(struct worker *worker)
{
    VEC(struct log_position) positions = {0};
    if (now_of(worker) - worker->committed_ms < COMMIT_MS)
        return;
    worker->committed_ms = now_of(worker);
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        const struct partition *partition = worker->parts.list.at[i];
        struct partition_figures figures = {.durable = -1};
        if (partition->state == PARTITION_WORKING)
            worker->stage->ops->figures(worker->stage, partition, &figures);
        if (figures.durable >= 0)
            vec_push(&positions,
                     (struct log_position){worker->config->topic, partition->number, figures.durable});
    }
    struct error ignored;
    if (positions.count > 0)
        (void)log_commit(worker->log, positions.at, positions.count, &ignored);
    vec_release(&positions);
}

/* --- a turn --- */

enum error_class worker_work(struct worker *worker, struct error *error)
{
    worker->stage->yield = worker->stage->worked_long = false;
    enum error_class class = log_deliveries(worker->log, 0, error);
    if (class == ERROR_ABORT || class == ERROR_FATAL)
        return class;
    if (worker->revoked)
        set_aside(worker);
    if (worker->reassigned)
        take_over(worker);
    end_pauses(worker);
    class = claim_on(worker, error);
    if (class == ERROR_NONE)
        class = turn_all(worker, error);
    if (class == ERROR_NONE)
        class = choose_reads(worker, error);
    if (class == ERROR_NONE)
        class = read_batch(worker, error);
    if (class == ERROR_NONE)
        class = probe(worker, error);
    if (class == ERROR_NONE)
        commit(worker);
    return class;
}
