#include "settler/rejects.h"

#include "lib/io/journal.h"
#include "settler/counters.h"

enum { PAUSE_LEAST_MS = 1000, PAUSE_MOST_MS = 60000, PROVEN_MS = 5000, LOOK_AGAIN_MS = 30000 };
/* Frames that a partition has not read: it copies again when they are so few, and no more beyond. */
enum { LAG_NEAR = 8, LAG_FAR = 64 };

static int64_t now_of(const struct settler_rejects *rejects)
{
    return rejects->stage->host->now_ms(rejects->stage->host);
}

/* --- the topic --- */

static void found(struct settler_rejects *rejects, uint32_t partitions, int64_t now_ms)
{
    rejects->partitions = partitions;
    rejects->look_ms = now_ms + LOOK_AGAIN_MS;
    if (outage_heal(&rejects->absent, now_ms) >= 0)
        journal_info("rejects_found", JOURNAL_STR("topic", rejects->stage->beside));
}

static void missed(struct settler_rejects *rejects, const char *why, int64_t now_ms)
{
    struct outage *outage = &rejects->absent;
    struct host *host = rejects->stage->host;
    rejects->partitions = 0;
    outage_fail(outage, now_ms, why);
    rejects->look_ms = now_ms + outage_pause(outage, PAUSE_LEAST_MS, PAUSE_MOST_MS, host->random(host));
    if (outage_speaks(outage, now_ms))
        journal_warning("rejects_not_copied", JOURNAL_STR("topic", rejects->stage->beside),
                        JOURNAL_STR("why", outage->why));
}

/* A reader is told nothing of a topic that is deleted beneath it. */
void settler_rejects_look(struct settler_rejects *rejects)
{
    struct error error;
    int64_t now_ms = now_of(rejects);
    uint32_t partitions = 0;
    if (now_ms < rejects->look_ms)
        return;
    enum error_class class = log_partitions(rejects->stage->log, rejects->stage->beside, &partitions, &error);
    if (class == ERROR_NONE && partitions > 0)
        found(rejects, partitions, now_ms);
    else if (class == ERROR_NONE)
        missed(rejects, "there is no such topic", now_ms);
    else if (rejects->partitions == 0)
        missed(rejects, error.text, now_ms);
}

/* --- a partition --- */

static void end(struct settler_part *part)
{
    part->base.reread |= part->rejects.reads;
    reject_copy_end(&part->rejects);
}

/* The partition's copying pauses. */
static void fail(struct settler_rejects *rejects, struct settler_part *part, const char *why)
{
    struct host *host = rejects->stage->host;
    struct outage *outage = &part->rejects.outage;
    int64_t now_ms = now_of(rejects);
    end(part);
    outage_fail(outage, now_ms, why);
    part->rejects.resume_ms =
        now_ms + outage_pause(outage, PAUSE_LEAST_MS, PAUSE_MOST_MS, host->random(host));
    if (outage_speaks(outage, now_ms))
        journal_warning("rejects_not_copied", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_STR("why", outage->why));
}

/* It copies for longer than a failure took to show. */
static void heal(struct settler_rejects *rejects, struct settler_part *part)
{
    int64_t now_ms = now_of(rejects);
    struct reject_copy *copy = &part->rejects;
    if (!copy->outage.going || !copy->reads || now_ms - copy->resume_ms < PROVEN_MS)
        return;
    int64_t after_ms = outage_heal(&copy->outage, now_ms);
    journal_info("rejects_copied_again", JOURNAL_INT("partition", part->base.number),
                 JOURNAL_INT("after_s", after_ms / 1000));
}

static bool wants(const struct settler_rejects *rejects, const struct settler_part *part)
{
    int64_t lag = part->base.lag, most = part->rejects.reads ? LAG_FAR : LAG_NEAR;
    return part->base.number < rejects->partitions && lag >= 0 && lag <= most &&
           now_of(rejects) >= part->rejects.resume_ms;
}

static enum error_class copy(struct settler_rejects *rejects, struct store *store, struct settler_part *part,
                             struct error *error)
{
    enum error_class class = settler_part_copy_rejects(part, store, error);
    if (class == ERROR_RETRY)
        fail(rejects, part, error->text);
    return class == ERROR_RETRY ? ERROR_NONE : class;
}

enum error_class settler_rejects_turn(struct settler_rejects *rejects, struct store *store,
                                      struct settler_part *part, struct error *error)
{
    bool reads = wants(rejects, part);
    if (reads && !part->rejects.reads) {
        reject_copy_begin(&part->rejects, part->claim.next_reject);
        part->base.reread = true;
    }
    if (!reads && part->rejects.reads)
        end(part);
    heal(rejects, part);
    return reject_copy_due(&part->rejects, now_of(rejects)) ? copy(rejects, store, part, error) : ERROR_NONE;
}

/* Records below what exists are skipped; a topic that ends before the position was made anew, or lost its
 * tail, and is read again when it has grown past it. */
static void gone(struct settler_rejects *rejects, struct settler_part *part)
{
    struct log_range range = {.topic = rejects->stage->beside, .partition = part->base.number};
    struct error error;
    int64_t from = part->rejects.next;
    if (log_ranges(rejects->stage->log, &range, 1, &error) != ERROR_NONE) {
        fail(rejects, part, error.text);
        return;
    }
    if (range.low <= from) {
        fail(rejects, part, "the records at its offset cannot be read, or never were");
        return;
    }
    journal_warning("rejects_skipped", JOURNAL_INT("partition", part->base.number), JOURNAL_INT("from", from),
                    JOURNAL_INT("to", range.low), JOURNAL_STR("why", "the records between were deleted"));
    reject_copy_skip(&part->rejects, range.low, now_of(rejects));
    part->base.reread = true;
}

static enum error_class take(struct settler_rejects *rejects, struct store *store, struct settler_part *part,
                             const struct log_message *message, struct error *error)
{
    int64_t now_ms = now_of(rejects);
    if (!reject_copy_take(&part->rejects, message, now_ms)) {
        metric_add(&settler_metrics[SETTLER_REJECTS_SKIPPED], 1);
        journal_warning("reject_skipped", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_INT("offset", message->offset));
    }
    if (!reject_copy_full(&part->rejects))
        return ERROR_NONE;
    rejects->stage->yield = true; /* frames first, then the next ones */
    return copy(rejects, store, part, error);
}

enum error_class settler_rejects_take(struct settler_rejects *rejects, struct store *store,
                                      struct settler_part *part, enum log_got got,
                                      const struct log_message *message, struct error *error)
{
    if (!part->rejects.reads)
        return ERROR_NONE;
    if (got == LOG_GOT_MESSAGE)
        return take(rejects, store, part, message, error);
    if (got == LOG_GOT_GONE) {
        gone(rejects, part);
        return ERROR_NONE;
    }
    rejects->partitions = 0; /* the topic may be gone: it is looked for again */
    rejects->look_ms = 0;
    fail(rejects, part, error->text);
    return ERROR_NONE;
}
