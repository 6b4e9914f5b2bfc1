#include "aggregator/loop.h"

#include <stdio.h>
#include <sysexits.h>

#include "aggregator/counters.h"
#include "aggregator/recover.h"
#include "lib/base/check.h"
#include "lib/domain/topics.h"
#include "lib/run/assignment.h"
#include "lib/io/journal.h"
#include "lib/io/process.h"

enum { POLL_MS = 100, PENDING_MAX = 10000, BATCH = 1000, FAILURES_MAX = 10, PAUSE_MS = 500 };

struct readiness aggregator_readiness = READINESS_STARTING;

struct parts {
    VEC(struct part *) list;
};

struct loop {
    const struct aggregator_options *options;
    struct topics topics;
    struct kafka_reader *reader;
    struct output output;
    struct part_work work;
    struct parts parts;        /* ours, while the group says so */
    struct parts aside;        /* were ours a moment ago: some may come back */
    struct recovery *recovery; /* NULL: all of `parts` go on by themselves */
    struct assignment wanted;  /* partitions that are ours, by option or by the group */
    bool revoked;              /* none is ours any more, but for what `wanted` says */
    bool reassigned;           /* `wanted` is new */
};

/* --- partitions --- */

static struct part *part_of(const struct parts *parts, uint32_t number)
{
    for (uint32_t i = 0; i < parts->list.count; i++)
        if (parts->list.at[i]->number == number)
            return parts->list.at[i];
    return NULL;
}

static void drop_parts(struct parts *parts)
{
    for (uint32_t i = 0; i < parts->list.count; i++)
        part_free(parts->list.at[i]);
    vec_clear(&parts->list);
}

static void show_parts(const struct loop *loop)
{
    int64_t stopped = 0;
    for (uint32_t i = 0; i < loop->parts.list.count; i++)
        stopped += loop->parts.list.at[i]->stopped;
    metric_set(&aggregator_metrics[AGGREGATOR_PARTITIONS], loop->parts.list.count);
    metric_set(&aggregator_metrics[AGGREGATOR_PARTITIONS_STOPPED], stopped);
}

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct loop *loop = context;
    if (!output_is_frame(&loop->output, tag) || delivery->failed)
        return;
    /* While it is recovered, what lies below may not have been read yet. */
    struct part *part = loop->recovery == NULL ? part_of(&loop->parts, delivery->partition) : NULL;
    if (part != NULL && delivery->offset + 1 > part->frames_from)
        part->frames_from = delivery->offset + 1;
}

/* --- assignment and recovery --- */

static void on_assigned(void *context, const uint32_t *partitions, uint32_t count)
{
    struct loop *loop = context;
    vec_clear(&loop->wanted.partitions);
    for (uint32_t i = 0; i < count; i++)
        vec_push(&loop->wanted.partitions, partitions[i]);
    loop->reassigned = true;
}

static void on_revoked(void *context)
{
    struct loop *loop = context;
    vec_clear(&loop->wanted.partitions);
    loop->revoked = true;
    loop->reassigned = false;
}

/* A recovery under way is given up. Folds are kept: the group may give them back (docs/decisions/006). */
static void set_aside(struct loop *loop)
{
    recovery_free(loop->recovery);
    loop->recovery = NULL;
    for (uint32_t i = 0; i < loop->parts.list.count; i++) {
        struct part *part = loop->parts.list.at[i];
        if (part->fold != NULL)
            vec_push(&loop->aside.list, part);
        else
            part_free(part);
    }
    vec_clear(&loop->parts.list);
    loop->revoked = false;
    show_parts(loop);
    readiness_set_waiting(&aggregator_readiness, "beginning again from the log");
}

static struct part *take_back(struct loop *loop, uint32_t number)
{
    for (uint32_t i = 0; i < loop->aside.list.count; i++) {
        struct part *part = loop->aside.list.at[i];
        if (part->number != number)
            continue;
        vec_remove(&loop->aside.list, i, 1);
        return part;
    }
    return NULL;
}

/* Begins to recover what is wanted. What was kept and has not come back is freed. */
static void take_over(struct loop *loop)
{
    set_aside(loop);
    for (uint32_t i = 0; i < loop->wanted.partitions.count; i++) {
        uint32_t number = loop->wanted.partitions.at[i];
        struct part *kept = take_back(loop, number);
        vec_push(&loop->parts.list, kept != NULL ? kept : part_new(number));
    }
    drop_parts(&loop->aside);
    loop->recovery = recovery_new(loop->reader, &loop->topics, loop->parts.list.at, loop->parts.list.count);
    loop->reassigned = false;
    show_parts(loop);
}

/* Reads every partition on from where its fold is; those that have enough to do are left out,
 * and read again once they have caught up. */
static enum error_class read_on(struct loop *loop, struct error *error)
{
    VEC(struct log_position) positions = {0};
    for (uint32_t i = 0; i < loop->parts.list.count; i++) {
        struct part *part = loop->parts.list.at[i];
        if (part_is_read(part))
            vec_push(&positions,
                     (struct log_position){loop->topics.records, part->number, part_next_offset(part)});
    }
    enum error_class class = kafka_reader_assign(loop->reader, positions.at, positions.count, error);
    vec_release(&positions);
    return class;
}

static enum error_class recover_on(struct loop *loop, struct error *error)
{
    switch (recovery_step(loop->recovery, error)) {
    case RECOVERING:
        return ERROR_NONE;
    case RECOVER_FAILED:
        return error->class;
    case RECOVERED:
        break;
    }
    recovery_free(loop->recovery);
    loop->recovery = NULL;
    show_parts(loop);
    journal_info("recovered", JOURNAL_INT("partitions", loop->parts.list.count));
    readiness_set_ready(&aggregator_readiness);
    return read_on(loop, error);
}

/* --- the loop --- */

/* One message, or the end of a partition. */
static enum error_class take(struct loop *loop, enum log_got got, struct log_message *message,
                             struct error *error)
{
    enum error_class class = ERROR_NONE;
    if (loop->recovery != NULL && got == LOG_GOT_END)
        recovery_end(loop->recovery, message);
    if (got != LOG_GOT_MESSAGE)
        return ERROR_NONE;
    if (loop->recovery != NULL) {
        recovery_take(loop->recovery, message);
    } else {
        struct part *part = part_of(&loop->parts, message->partition);
        if (part != NULL)
            class = part_take(part, &loop->work, message, error);
    }
    kafka_message_release(message);
    return class;
}

static enum error_class read_batch(struct loop *loop, bool wait, struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (int i = 0; i < BATCH && class == ERROR_NONE; i++) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(loop->reader, i == 0 && wait ? POLL_MS : 0, &message, error);
        if (loop->revoked || loop->reassigned) {
            kafka_message_release(&message);
            break;
        }
        if (got == LOG_GOT_ERROR && error->class != ERROR_RETRY)
            return error->class;
        if (got == LOG_GOT_NOTHING)
            break;
        class = take(loop, got, &message, error);
    }
    return class;
}

/* A piece of what waits in partitions that are busy; those that have caught up are read again. */
static enum error_class go_on(struct loop *loop, bool *busy, struct error *error)
{
    enum error_class class = ERROR_NONE;
    bool changed = false;
    for (uint32_t i = 0; i < loop->parts.list.count && class == ERROR_NONE; i++) {
        struct part *part = loop->parts.list.at[i];
        if (part_busy(part))
            class = part_go_on(part, &loop->work, error);
        changed = changed || part_turns(part);
        *busy = *busy || part_busy(part);
    }
    return class == ERROR_NONE && changed ? read_on(loop, error) : class;
}

static enum error_class turn(struct loop *loop, struct error *error)
{
    process_alive();
    enum error_class class = kafka_producer_poll(loop->output.producer, 0, error);
    if (class != ERROR_NONE)
        return class;
    if (loop->revoked)
        set_aside(loop);
    if (loop->reassigned)
        take_over(loop);
    bool busy = false;
    class = loop->recovery != NULL ? recover_on(loop, error) : go_on(loop, &busy, error);
    if (class == ERROR_NONE)
        class = read_batch(loop, !busy, error);
    return class == ERROR_NONE ? output_drain(&loop->output, PENDING_MAX, error) : class;
}

static void close_handles(struct loop *loop)
{
    /* Frames may be lost with the producer: what was folded is not to be gone on from. */
    set_aside(loop);
    drop_parts(&loop->aside);
    kafka_reader_free(loop->reader);
    kafka_producer_free(loop->output.producer);
    loop->reader = NULL;
    loop->output.producer = NULL;
    loop->revoked = loop->reassigned = false;
}

static enum error_class open_handles(struct loop *loop, struct error *error)
{
    const struct aggregator_options *o = loop->options;
    struct kafka_producer_config producer = {.brokers = o->kafka,
                                             .client_id = "hourglass-aggregator",
                                             .linger_ms = 5,
                                             .delivered = on_delivered,
                                             .context = loop};
    struct kafka_group group = {.name = o->group,
                                .instance = o->instance,
                                .topic = loop->topics.records,
                                .assigned = on_assigned,
                                .revoked = on_revoked,
                                .context = loop};
    bool grouped = assignment_is_group(o->partitions);
    uint32_t count;
    if (kafka_partition_count(o->kafka, loop->topics.records, &count, error) != ERROR_NONE)
        return error->class;
    if (!grouped && !assignment_parse(&loop->wanted, o->partitions, count)) {
        snprintf(error->text, sizeof error->text, "--partitions %s: the topic has %u", o->partitions, count);
        return error->class = ERROR_FATAL;
    }
    loop->output.producer = kafka_producer_new(&producer, error);
    if (loop->output.producer != NULL)
        loop->reader = kafka_reader_new(o->kafka, "hourglass-aggregator", grouped ? &group : NULL, error);
    if (loop->reader == NULL)
        return error->class;
    loop->reassigned = !grouped;
    return ERROR_NONE;
}

int aggregator_run(const struct aggregator_options *options)
{
    struct loop loop = {.options = options, .topics = topics_of(options->prefix)};
    loop.output.topics = &loop.topics;
    loop.work.output = &loop.output;
    struct error error = {ERROR_NONE, ""};
    int failures = 0;
    while (!process_stopping() && failures < FAILURES_MAX) {
        enum error_class class = open_handles(&loop, &error);
        int64_t before = atomic_load(&aggregator_metrics[AGGREGATOR_MESSAGES].value);
        while (class == ERROR_NONE && !process_stopping())
            class = turn(&loop, &error);
        if (class == ERROR_NONE)
            output_drain(&loop.output, 0, &error);
        close_handles(&loop);
        if (class == ERROR_NONE)
            break;
        /* One place decides: whatever it was, begin again from the log; give up after a while without
         * progress. */
        failures = atomic_load(&aggregator_metrics[AGGREGATOR_MESSAGES].value) > before ? 1 : failures + 1;
        if (class == ERROR_FATAL)
            failures = FAILURES_MAX;
        readiness_set_waiting(&aggregator_readiness, error.text);
        journal_warning("begin_again", JOURNAL_STR("why", error.text), JOURNAL_INT("failures", failures));
        metric_add(&aggregator_metrics[AGGREGATOR_RESTARTS], 1);
        process_pause(PAUSE_MS);
    }
    vec_release(&loop.parts.list);
    vec_release(&loop.aside.list);
    vec_release(&loop.wanted.partitions);
    part_work_release(&loop.work);
    output_release(&loop.output);
    return failures < FAILURES_MAX ? EX_OK : EX_TEMPFAIL;
}
