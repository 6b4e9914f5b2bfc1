#include <stdio.h>
#include <string.h>

#include "lib/io/journal.h"
#include "lib/run/worker_own.h"

enum { PROVEN_MS = 2000, SHOW_MS = 1000, WHY_SIZE = 300 };

void worker_trouble(struct worker *worker, const char *why)
{
    worker->trouble = true;
    outage_fail(&worker->outage, worker->host->now_ms(worker->host), why);
}

/* The first partition that is ours and does not work. */
static const struct partition *idle_partition(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        const struct partition *partition = worker->parts.list.at[i];
        if (partition->state != PARTITION_WORKING || partition->waits)
            return partition;
    }
    return NULL;
}

/* Whether all that is ours is past claiming, but for what waits alone. */
static bool claimed(const struct worker *worker)
{
    for (uint32_t i = 0; i < worker->parts.list.count; i++)
        if (worker->parts.list.at[i]->state == PARTITION_CLAIMING && !worker->parts.list.at[i]->waits)
            return false;
    return worker->joined;
}

/* What failed is over when the handles are good again and something was worked off, or nothing failed for a
 * moment. */
static void heal(struct worker *worker)
{
    int64_t now_ms = worker->host->now_ms(worker->host);
    bool good = worker->log != NULL && !worker->trouble && claimed(worker);
    if (!good) {
        worker->progress_then = worker->stage->progress;
        worker->good_since_ms = now_ms;
    }
    bool proven =
        worker->stage->progress > worker->progress_then || now_ms - worker->good_since_ms >= PROVEN_MS;
    if (!worker->outage.going || !good || !proven)
        return;
    int64_t after_ms = outage_heal(&worker->outage, now_ms);
    if (after_ms >= 0)
        journal_info("back", JOURNAL_INT("after_s", after_ms / 1000));
}

/* Why it is not ready; false: it is. */
static bool hindrance(const struct worker *worker, char why[WHY_SIZE])
{
    const struct partition *idle = idle_partition(worker);
    if (worker->outage.going)
        snprintf(why, WHY_SIZE, "%.250s", worker->outage.why);
    else if (worker->log == NULL)
        snprintf(why, WHY_SIZE, "starting");
    else if (!worker->joined)
        snprintf(why, WHY_SIZE, "the group has not said which partitions are ours");
    else if (idle != NULL && idle->waits)
        snprintf(why, WHY_SIZE, "partition %u waits: %.200s", idle->number, idle->outage.why);
    else if (idle != NULL)
        snprintf(why, WHY_SIZE, "partition %u is %s%s%s", idle->number, partition_state_name(idle->state),
                 idle->why[0] != 0 ? ": " : "", idle->why);
    else
        return false;
    return true;
}

static void fill_shown(struct worker *worker)
{
    vec_clear(&worker->shown);
    for (uint32_t i = 0; i < worker->parts.list.count; i++) {
        const struct partition *partition = worker->parts.list.at[i];
        struct worker_shown shown = {
            partition->number, partition->state, partition->waits, partition->lag, {0}};
        worker->stage->ops->figures(worker->stage, partition, &shown.figures);
        vec_push(&worker->shown, shown);
    }
}

static uint32_t fingerprint_of(const struct worker *worker)
{
    uint32_t sum = worker->restarts;
    for (uint32_t i = 0; i < worker->parts.list.count; i++)
        sum = 31 * sum + worker->parts.list.at[i]->number * 16 + worker->parts.list.at[i]->state * 2 +
              worker->parts.list.at[i]->waits;
    return 31 * sum + worker->parts.list.count;
}

void worker_show(struct worker *worker)
{
    int64_t now_ms = worker->host->now_ms(worker->host);
    char why[WHY_SIZE] = "";
    heal(worker);
    if (outage_speaks(&worker->outage, now_ms)) {
        char since[TIME_TEXT_SIZE];
        outage_since(&worker->outage, worker->host, since);
        journal_warning("waiting", JOURNAL_STR("why", worker->outage.why), JOURNAL_STR("since", since));
    }
    bool ready = !hindrance(worker, why);
    uint32_t fingerprint = fingerprint_of(worker);
    if (ready && !worker->was_ready)
        journal_info("ready", JOURNAL_INT("partitions", worker->parts.list.count));
    bool due = ready != worker->was_ready || fingerprint != worker->shown_fingerprint ||
               now_ms - worker->shown_ms >= SHOW_MS || strcmp(why, worker->why) != 0;
    worker->was_ready = ready;
    if (!due || worker->config->show == NULL)
        return;
    worker->shown_fingerprint = fingerprint;
    worker->shown_ms = now_ms;
    snprintf(worker->why, sizeof worker->why, "%s", why);
    fill_shown(worker);
    const struct worker_view view = {ready, worker->why, worker->restarts, worker->shown.at,
                                     worker->shown.count};
    worker->config->show(worker->config->show_context, &view);
}

void worker_waits(void *context, const char *why)
{
    struct worker *worker = context;
    worker_trouble(worker, why);
    worker_show(worker);
}
