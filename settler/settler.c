#include "settler/settler.h"

#include <string.h>

#include "lib/run/manifest.h"
#include "settler/counters.h"
#include "settler/partition.h"

/* So long an answer may take: to a question, and to a statement that does much. */
enum { PROBE_WAITS_MS = 1000, WORK_WAITS_MS = 10000, MANIFEST_MS = 5000 };
/* So long it is waited for when the process is to stop: an answer that is lost then is as if it was killed.
 */
enum { STOP_WAITS_MS = 1500 };
/* So rarely a store that refuses is opened anew. */
enum { RENEW_MS = 10000 };

static struct settler *of(struct stage *stage)
{
    return (struct settler *)stage;
}

static struct settler_part *part_of(struct partition *partition)
{
    return (struct settler_part *)partition;
}

bool settler_waiting(void *context, int64_t waited_ms)
{
    struct settler *settler = context;
    struct stage *stage = &settler->stage;
    stage->host->alive(stage->host);
    if (waited_ms >= (settler->probing ? PROBE_WAITS_MS : WORK_WAITS_MS))
        stage->waits(stage->worker, "PostgreSQL does not answer");
    return waited_ms < STOP_WAITS_MS || !stage->host->stopping(stage->host);
}

/* --- the store --- */

static enum error_class open_stage(struct stage *stage, struct error *error)
{
    struct settler *settler = of(stage);
    settler->probing = true;
    settler->store = settler->opener.open(settler->opener.context, error);
    settler->probing = settler->known = settler->refused = false;
    settler->opened_ms = stage->host->now_ms(stage->host);
    rejects_topic_begin(&settler->rejects);
    return settler->store == NULL ? error->class : ERROR_NONE;
}

static void close_stage(struct stage *stage)
{
    notices_topic_release(&of(stage)->notices);
    store_close(of(stage)->store);
    of(stage)->store = NULL;
}

/* What was refused may be the session's fault: it keeps what its role had when it began (statement_timeout,
 * say), whatever an operator mends meanwhile. So what was refused is tried in a new one. While there is none
 * to be had, the old one goes on. A claim is no matter of sessions: those of the partitions that work
 * stand. */
static void renew_store(struct settler *settler)
{
    struct host *host = settler->stage.host;
    struct error ignored;
    if (!settler->refused || !settler->known || host->now_ms(host) - settler->opened_ms < RENEW_MS)
        return;
    settler->opened_ms = host->now_ms(host);
    struct store *fresh = settler->opener.open(settler->opener.context, &ignored);
    if (fresh == NULL)
        return;
    bool told = settler->generation.partitions == 0 ||
                store_generation(fresh, &settler->generation, &ignored) == ERROR_NONE;
    store_close(told ? settler->store : fresh);
    settler->store = told ? fresh : settler->store;
    settler->refused = !told;
}

static enum error_class probe(struct stage *stage, struct error *error)
{
    struct settler *settler = of(stage);
    settler->probing = true;
    renew_store(settler);
    uint64_t before = store_statements(settler->store);
    enum error_class class = store_ping(settler->store, error);
    settler->probing = false;
    settler->refused |= class == ERROR_RETRY;
    metric_add(&settler_metrics[SETTLER_STATEMENTS], (int64_t)(store_statements(settler->store) - before));
    if (class == ERROR_NONE)
        rejects_topic_look(&settler->rejects);
    notices_topic_show(&settler->notices);
    return class;
}

/* --- whose log it is --- */

/* A log without a manifest is known by the number of its partitions alone. */
static enum error_class tell_generation(struct settler *settler, struct error *error)
{
    struct stage *stage = &settler->stage;
    struct generation manifest;
    enum error_class class = manifest_read(&(struct read_source){stage->log, stage->host, MANIFEST_MS},
                                           settler->topics, &manifest, error);
    struct store_generation generation = {.partitions = manifest.partitions};
    memcpy(generation.init_hash, manifest.init_digest, sizeof generation.init_hash);
    if (class == ERROR_NONE && generation.partitions == 0)
        class = log_partitions(stage->log, settler->topics->frames, &generation.partitions, error);
    if (class == ERROR_NONE && generation.partitions > 0)
        class = store_generation(settler->store, &generation, error);
    settler->known = class == ERROR_NONE;
    settler->generation = generation;
    settler->notices.simulated = manifest.simulated;
    return class;
}

/* --- partitions --- */

static struct partition *make(struct stage *stage, uint32_t number)
{
    (void)stage;
    return &settler_part_new(number)->base;
}

static void free_part(struct stage *stage, struct partition *partition)
{
    (void)stage;
    settler_part_free(part_of(partition));
}

static enum error_class claim(struct stage *stage, struct partition *const *partitions, uint32_t count,
                              struct error *error)
{
    struct settler *settler = of(stage);
    enum error_class class = settler->known ? ERROR_NONE : tell_generation(settler, error);
    for (uint32_t i = 0; i < count && class == ERROR_NONE; i++) {
        notices_topic_drop(&settler->notices, partitions[i]->number);
        class = settler_part_claim(part_of(partitions[i]), settler->store, error);
        if (class != ERROR_RETRY)
            continue;
        partition_refuse(partitions[i], error->text);
        settler->refused = true;
        class = ERROR_NONE;
    }
    return class;
}

/* The claim is read again when it comes back: nothing of it stays good. */
static bool drop(struct stage *stage, struct partition *partition)
{
    notices_topic_drop(&of(stage)->notices, partition->number);
    return false;
}

static void stopped(struct stage *stage, struct partition *partition)
{
    (void)stage, (void)partition;
}

/* What it says is said while it is ours alone. */
static void note_owner(struct stage *stage, const struct partition *partition)
{
    if (partition->state != PARTITION_WORKING)
        notices_topic_drop(&of(stage)->notices, partition->number);
}

/* Where a partition was before it was given something to do. */
struct before {
    uint64_t seq;
    int64_t step;
    int64_t at_ms;
};

static struct before before_of(struct stage *stage, const struct settler_part *part)
{
    return (struct before){part->claim.next_seq, part->claim.step, stage->host->now_ms(stage->host)};
}

/* A partition that has much ends the turn with its first full batch, so that the others settle what they have
 * before its next. */
static void note_settled(struct stage *stage, const struct settler_part *part, struct before before)
{
    if (part->claim.next_seq == before.seq && part->claim.step == before.step)
        return;
    stage->progress++;
    stage->yield = true;
    stage->worked_long |= part->in_steps;
    latency_observe(&settler_latencies[SETTLER_SETTLE_SECONDS],
                    (stage->host->now_ms(stage->host) - before.at_ms) * 1000);
}

static enum error_class take(struct stage *stage, struct partition *partition,
                             const struct log_message *message, struct error *error)
{
    struct settler_part *part = part_of(partition);
    struct before before = before_of(stage, part);
    enum error_class class = settler_part_take(part, of(stage)->store, message, before.at_ms / 1000, error);
    of(stage)->refused |= class == ERROR_RETRY;
    note_settled(stage, part, before);
    note_owner(stage, partition);
    return class;
}

/* Of those in steps one a turn: a step may take seconds. */
static enum error_class settle_on(struct stage *stage, struct settler_part *part, struct error *error)
{
    if (part->in_steps && stage->worked_long)
        return ERROR_NONE;
    struct before before = before_of(stage, part);
    stage->host->alive(stage->host);
    enum error_class class = settler_part_settle(part, of(stage)->store, error);
    of(stage)->refused |= class == ERROR_RETRY;
    note_settled(stage, part, before);
    stage->yield = false;
    return class;
}

static enum error_class turn(struct stage *stage, struct partition *partition, struct error *error)
{
    struct settler_part *part = part_of(partition);
    enum error_class class = settle_on(stage, part, error);
    if (class == ERROR_NONE && part->base.state == PARTITION_WORKING && !part->in_steps)
        class = rejects_topic_turn(&of(stage)->rejects, part, of(stage)->store, error);
    if (class == ERROR_NONE && part->base.state == PARTITION_WORKING)
        class = notices_topic_turn(&of(stage)->notices, part, of(stage)->store, error);
    note_owner(stage, partition);
    return class;
}

static int64_t beside(const struct stage *stage, const struct partition *partition)
{
    (void)stage;
    const struct settler_part *part = (const struct settler_part *)partition;
    return part->rejects.reads ? part->rejects.next : -1;
}

static enum error_class take_beside(struct stage *stage, struct partition *partition, enum log_got got,
                                    const struct log_message *message, struct error *error)
{
    enum error_class class =
        rejects_topic_take(&of(stage)->rejects, part_of(partition), of(stage)->store, got, message, error);
    note_owner(stage, partition);
    return class;
}

static void figures(const struct stage *stage, const struct partition *partition,
                    struct partition_figures *out)
{
    (void)stage;
    const struct settler_part *part = (const struct settler_part *)partition;
    *out = (struct partition_figures){-1, -1, INT64_MIN, INT64_MIN};
    if (part->read_on >= 0)
        *out = (struct partition_figures){part->read_on, part->claim.next_offset, part->claim.watermark_us,
                                          part->claim.closed_s};
}

static const struct stage_ops ops = {
    .name = "settler",
    .open = open_stage,
    .close = close_stage,
    .make = make,
    .free = free_part,
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

void settler_init(struct settler *settler, const struct topics *topics, struct store_opener opener)
{
    *settler = (struct settler){.stage = {.ops = &ops, .beside = topics->rejects},
                                .topics = topics,
                                .opener = opener,
                                .rejects = {.stage = &settler->stage},
                                .notices = {.stage = &settler->stage, .name = topics->notices}};
}

void settler_publish(struct settler *settler, struct log_opener opener)
{
    settler->notices.opener = opener;
}
