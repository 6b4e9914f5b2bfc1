#include "settler/rejects.h"

#include "lib/io/journal.h"
#include "settler/counters.h"
#include "settler/partition.h"

enum { PAUSE_LEAST_MS = 1000, PAUSE_MOST_MS = 60000, PROVEN_MS = 5000, LOOK_AGAIN_MS = 30000 };
/* Frames that a partition has not read: it copies again when they are so few, and no more beyond. */
enum { LAG_NEAR = 8, LAG_FAR = 64 };

static int64_t now_of(const struct rejects_topic *topic)
{
    return topic->stage->host->now_ms(topic->stage->host);
}

/* --- the topic --- */

void rejects_topic_begin(struct rejects_topic *topic)
{
    topic->partitions = 0;
    topic->look_ms = 0;
}

static void found(struct rejects_topic *topic, uint32_t partitions, int64_t now_ms)
{
    topic->partitions = partitions;
    topic->look_ms = now_ms + LOOK_AGAIN_MS;
    if (outage_heal(&topic->missing, now_ms) >= 0)
        journal_info("rejects_found", JOURNAL_STR("topic", topic->stage->beside));
}

static void missed(struct rejects_topic *topic, const char *why, int64_t now_ms)
{
    struct outage *outage = &topic->missing;
    struct host *host = topic->stage->host;
    topic->partitions = 0;
    outage_fail(outage, now_ms, why);
    topic->look_ms = now_ms + outage_pause(outage, PAUSE_LEAST_MS, PAUSE_MOST_MS, host->random(host));
    if (outage_speaks(outage, now_ms))
        journal_warning("rejects_not_copied", JOURNAL_STR("topic", topic->stage->beside),
                        JOURNAL_STR("why", outage->why));
}

/* A reader is told nothing of a topic that is deleted beneath it. */
void rejects_topic_look(struct rejects_topic *topic)
{
    struct error error;
    int64_t now_ms = now_of(topic);
    uint32_t partitions = 0;
    if (now_ms < topic->look_ms)
        return;
    enum error_class class = log_partitions(topic->stage->log, topic->stage->beside, &partitions, &error);
    if (class == ERROR_NONE && partitions > 0)
        found(topic, partitions, now_ms);
    else if (class == ERROR_NONE)
        missed(topic, "there is no such topic", now_ms);
    else if (topic->partitions == 0)
        missed(topic, error.text, now_ms);
}

/* --- a partition --- */

static void end(struct settler_part *part)
{
    part->base.reread |= part->rejects.reads;
    reject_copy_end(&part->rejects);
}

/* The partition's copying pauses. */
static void fail(struct rejects_topic *topic, struct settler_part *part, const char *why)
{
    struct host *host = topic->stage->host;
    struct outage *outage = &part->rejects.outage;
    int64_t now_ms = now_of(topic);
    end(part);
    outage_fail(outage, now_ms, why);
    part->rejects.resume_ms =
        now_ms + outage_pause(outage, PAUSE_LEAST_MS, PAUSE_MOST_MS, host->random(host));
    if (outage_speaks(outage, now_ms))
        journal_warning("rejects_not_copied", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_STR("why", outage->why));
}

/* It copies for longer than a failure took to show. */
static void heal(struct rejects_topic *topic, struct settler_part *part)
{
    int64_t now_ms = now_of(topic);
    struct reject_copy *copy = &part->rejects;
    if (!copy->outage.going || !copy->reads || now_ms - copy->resume_ms < PROVEN_MS)
        return;
    int64_t after_ms = outage_heal(&copy->outage, now_ms);
    journal_info("rejects_copied_again", JOURNAL_INT("partition", part->base.number),
                 JOURNAL_INT("after_s", after_ms / 1000));
}

static bool wants(const struct rejects_topic *topic, const struct settler_part *part)
{
    int64_t lag = part->base.lag, most = part->rejects.reads ? LAG_FAR : LAG_NEAR;
    return part->base.number < topic->partitions && lag >= 0 && lag <= most &&
           now_of(topic) >= part->rejects.resume_ms;
}

static enum error_class copy(struct rejects_topic *topic, struct settler_part *part, struct store *store,
                             struct error *error)
{
    enum error_class class = settler_part_copy_rejects(part, store, error);
    if (class == ERROR_RETRY)
        fail(topic, part, error->text);
    return class == ERROR_RETRY ? ERROR_NONE : class;
}

enum error_class rejects_topic_turn(struct rejects_topic *topic, struct settler_part *part,
                                    struct store *store, struct error *error)
{
    bool reads = wants(topic, part);
    if (reads && !part->rejects.reads) {
        reject_copy_begin(&part->rejects, part->claim.next_reject);
        part->base.reread = true;
    }
    if (!reads && part->rejects.reads)
        end(part);
    heal(topic, part);
    return reject_copy_due(&part->rejects, now_of(topic)) ? copy(topic, part, store, error) : ERROR_NONE;
}

/* Records below what exists are skipped; a topic that ends before the position was made anew, or lost its
 * tail, and is read again when it has grown past it. */
static void gone(struct rejects_topic *topic, struct settler_part *part)
{
    struct log_range range = {.topic = topic->stage->beside, .partition = part->base.number};
    struct error error;
    int64_t from = part->rejects.next;
    if (log_ranges(topic->stage->log, &range, 1, &error) != ERROR_NONE) {
        fail(topic, part, error.text);
        return;
    }
    if (range.low <= from) {
        fail(topic, part, "the records at its offset cannot be read, or never were");
        return;
    }
    journal_warning("rejects_skipped", JOURNAL_INT("partition", part->base.number), JOURNAL_INT("from", from),
                    JOURNAL_INT("to", range.low), JOURNAL_STR("why", "the records between were deleted"));
    reject_copy_skip(&part->rejects, range.low, now_of(topic));
    part->base.reread = true;
}

static enum error_class take(struct rejects_topic *topic, struct settler_part *part, struct store *store,
                             const struct log_message *message, struct error *error)
{
    int64_t now_ms = now_of(topic);
    if (!reject_copy_take(&part->rejects, message, now_ms)) {
        metric_add(&settler_metrics[SETTLER_REJECTS_SKIPPED], 1);
        journal_warning("reject_skipped", JOURNAL_INT("partition", part->base.number),
                        JOURNAL_INT("offset", message->offset));
    }
    if (!reject_copy_full(&part->rejects))
        return ERROR_NONE;
    topic->stage->yield = true; /* frames first, then the next ones */
    return copy(topic, part, store, error);
}

enum error_class rejects_topic_take(struct rejects_topic *topic, struct settler_part *part,
                                    struct store *store, enum log_got got, const struct log_message *message,
                                    struct error *error)
{
    if (!part->rejects.reads)
        return ERROR_NONE;
    if (got == LOG_GOT_MESSAGE)
        return take(topic, part, store, message, error);
    if (got == LOG_GOT_GONE) {
        gone(topic, part);
        return ERROR_NONE;
    }
    topic->partitions = 0; /* the topic may be gone: it is looked for again */
    topic->look_ms = 0;
    fail(topic, part, error->text);
    return ERROR_NONE;
}
