#include "collectors/core/simulate.h"

#include "collectors/core/batch.h"
#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/domain/seen.h"

enum { TICKS_MAX = 1000 }; /* hours of silence that get a tick each */

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

static bool is_on_hour(int64_t time_us)
{
    return hour_of(time_us) * SECOND_US == time_us;
}

/* Ticks for the whole hours in [before, after), before the event that passed them. An event on a whole hour
 * has not passed it: what the file says of the hour until something later comes is in the log when the hour
 * closes. */
static void tick_hours(struct simulation *simulation, int64_t before_us, int64_t after_us)
{
    int64_t last_s = hour_of(after_us - 1);
    int64_t hour_s = hour_of(before_us - 1) + HOUR_S;
    for (int ticks = 0; hour_s <= last_s && ticks < TICKS_MAX; hour_s += HOUR_S, ticks++)
        tick(simulation, hour_s * SECOND_US + simulation->config.delay_us);
    if (hour_s <= last_s)
        tick(simulation, last_s * SECOND_US + simulation->config.delay_us);
}

static void advance(struct simulation *simulation, int64_t time_us)
{
    int64_t before_us = simulation->clock_us;
    if (time_us <= before_us)
        return;
    bool passes = before_us != INT64_MIN &&
                  (is_on_hour(before_us) ||
                   before_us / simulation->config.epoch_us != time_us / simulation->config.epoch_us);
    if (passes) {
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
    int64_t clock_us = simulation->clock_us;
    flush(simulation);
    if (clock_us != INT64_MIN && is_on_hour(clock_us) && clock_us < time_s * SECOND_US)
        tick(simulation, clock_us + simulation->config.delay_us);
    tick(simulation, time_s * SECOND_US + simulation->config.delay_us);
}

int64_t simulation_default_until_s(const struct simulation *simulation)
{
    return simulation->clock_us == INT64_MIN ? INT64_MIN : hour_of(simulation->clock_us) + HOUR_S;
}
