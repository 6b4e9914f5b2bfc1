#include "collectors/core/simulate.h"

#include "collectors/core/batch.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/domain/seen.h"

enum { TICKS_MAX = 1000 }; /* hours of silence that get a tick each */

static const int64_t hour_length_us = HOUR_S * (int64_t)SECOND_US;

struct simulation {
    struct simulate_config config;
    int64_t clock_us; /* INT64_MIN: no event yet */
    struct batch *pending;
    struct seen seen; /* of events whose repeats may have another time */
};

struct simulation *simulation_new(const struct simulate_config *config)
{
    CHECK(config->partitions > 0 && config->epoch_us > 0);
    struct simulation *simulation = calloc(1, sizeof *simulation);
    CHECK(simulation != NULL);
    simulation->config = *config;
    simulation->clock_us = INT64_MIN;
    simulation->pending = calloc(config->partitions, sizeof *simulation->pending);
    CHECK(simulation->pending != NULL);
    return simulation;
}

void simulation_free(struct simulation *simulation)
{
    if (simulation == NULL)
        return;
    for (uint32_t p = 0; p < simulation->config.partitions; p++)
        batch_release(&simulation->pending[p]);
    free(simulation->pending);
    seen_release(&simulation->seen);
    free(simulation);
}

static void send(struct simulation *simulation, uint32_t partition, int64_t clock_us)
{
    struct batch *pending = &simulation->pending[partition];
    struct message message = {
        .clock_us = clock_us,
        .append_us = clock_us,
        .feed = simulation->config.feed,
        .incarnation = simulation->config.incarnation,
        .records = pending->records.at,
        .record_count = pending->records.count,
    };
    simulation->config.sink(simulation->config.context, partition, &message);
    batch_clear(pending);
}

static void flush(struct simulation *simulation)
{
    for (uint32_t p = 0; p < simulation->config.partitions; p++)
        if (simulation->pending[p].records.count > 0)
            send(simulation, p, simulation->clock_us);
}

/* A tick to every partition; nothing is pending. */
static void tick(struct simulation *simulation, int64_t clock_us)
{
    for (uint32_t p = 0; p < simulation->config.partitions; p++)
        send(simulation, p, clock_us);
}

static int64_t hour_of(int64_t time_us)
{
    return time_hour(time_second(time_us));
}

/* The first multiple at or after a time: the next that a clock which stands there passes. */
static int64_t multiple_from(int64_t time_us, int64_t step_us)
{
    return (time_us + step_us - 1) / step_us * step_us;
}

/* Ticks for the whole hours from one clock up to, not including, the other: an hour is passed by what comes
 * behind its first instant, so that all that is of that instant comes before the hour closes. */
static void tick_hours(struct simulation *simulation, int64_t before_us, int64_t after_us)
{
    int64_t hour_us = multiple_from(before_us, hour_length_us);
    for (int ticks = 0; hour_us < after_us && ticks < TICKS_MAX; hour_us += hour_length_us, ticks++)
        tick(simulation, hour_us + simulation->config.delay_us);
    if (hour_us < after_us)
        tick(simulation,
             multiple_from(after_us, hour_length_us) - hour_length_us + simulation->config.delay_us);
}

static void advance(struct simulation *simulation, int64_t time_us)
{
    int64_t before_us = simulation->clock_us;
    if (time_us <= before_us)
        return;
    if (before_us != INT64_MIN && multiple_from(before_us, simulation->config.epoch_us) < time_us) {
        flush(simulation);
        tick_hours(simulation, before_us, time_us);
    }
    simulation->clock_us = time_us;
}

/* Whether the record is identified by its identity alone and was added already, with whatever time. A change
 * of a level with another time is another event. */
static bool is_repeat(struct simulation *simulation, const struct record *record)
{
    enum shape shape = kind_row(record->kind)->shape;
    if (shape == SHAPE_LEVEL || shape == SHAPE_POOL || !record_bills(record))
        return false;
    return !seen_add(&simulation->seen, 0, identity_of(record));
}

bool simulation_add(struct simulation *simulation, const struct record *record)
{
    int64_t time_us = record_effective_us(record);
    if (simulation->config.until_s != INT64_MAX && time_second(time_us) >= simulation->config.until_s)
        return false;
    if (!is_repeat(simulation, record))
        advance(simulation, time_us);
    uint32_t partitions = simulation->config.partitions;
    uint32_t partition = partitions == 1 ? 0 : partition_of(record->account, partitions);
    struct batch *pending = &simulation->pending[partition];
    batch_add(pending, record);
    if (batch_is_full(pending))
        send(simulation, partition, simulation->clock_us);
    return true;
}

void simulation_end(struct simulation *simulation, int64_t time_s)
{
    flush(simulation);
    tick(simulation, time_s * SECOND_US + simulation->config.delay_us);
}

int64_t simulation_default_until_s(const struct simulation *simulation)
{
    return simulation->clock_us == INT64_MIN ? INT64_MIN : hour_of(simulation->clock_us) + HOUR_S;
}
