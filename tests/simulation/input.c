#include "tests/simulation/input.h"

#include <stdio.h>

#include "collectors/core/accept.h"
#include "collectors/core/lines.h"
#include "collectors/core/simulate.h"
#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"
#include "tests/property/story.h"

enum { WATCHED_SIZE = 32 };

/* The broker's times are whole milliseconds; the clock of a message is not behind its own. */
static int64_t timestamp_ms_of(int64_t clock_us)
{
    return (clock_us + 999) / 1000;
}

static void put(struct input *input, uint32_t partition, struct message *message, int64_t clock_us)
{
    struct input_message put = {
        .partition = partition, .timestamp_ms = timestamp_ms_of(clock_us), .from = input->bytes.bytes.count};
    usage_encode(message, &input->bytes);
    put.size_bytes = input->bytes.bytes.count - put.from;
    vec_push(&input->list, put);
}

/* A control message names the one before it. */
static void put_control(struct input *input, uint32_t partition, struct message *message, int64_t clock_us)
{
    message->feed = message->origin.by = STR("");
    memcpy(message->origin.prev_hash, input->control_hash[partition], CONTROL_HASH_SIZE);
    put(input, partition, message, clock_us);
    struct str bytes = input_bytes(input, input->list.count - 1);
    digest_of(bytes.at, bytes.size, input->control_hash[partition]);
}

static void put_controls(struct input *input, const struct rules *rules, const struct catalog_text *catalogs,
                         uint32_t count, int64_t clock_us)
{
    for (uint32_t p = 0; p < input->partitions; p++)
        for (uint32_t i = 0; i < count; i++) {
            struct message message = {
                .control = i == 0 ? CONTROL_INIT : CONTROL_CATALOG, .rules = *rules, .catalog = catalogs[i]};
            put_control(input, p, &message, clock_us);
        }
}

/* --- stories --- */

struct random random_for(uint64_t seed, uint64_t purpose)
{
    struct random first = random_of(seed);
    struct random second = {random_next(&first) ^ purpose * 0x9E3779B97F4A7C15u};
    return (struct random){random_next(&second)};
}

/* Records of a collector, or none: a tick. */
static void put_live(struct input *input, uint32_t partition, const struct batch *batch, int64_t clock_us)
{
    struct message message = {.clock_us = clock_us,
                              .feed = STR("story"),
                              .incarnation = input->incarnation,
                              .acknowledged = input->sent[partition]++,
                              .records = batch != NULL ? batch->records.at : NULL,
                              .record_count = batch != NULL ? batch->records.count : 0};
    put(input, partition, &message, clock_us);
}

static void tick_all(struct input *input, int64_t clock_us)
{
    for (uint32_t p = 0; p < input->partitions; p++)
        put_live(input, p, NULL, clock_us);
}

/* Ticks until the next event comes: some epochs later, so that hours are closed by them and by events. */
static void tick_between(struct input *input, struct random *random, int64_t from_us, int64_t to_us)
{
    static const int64_t ticks_s[] = {4, 30, 75, 1800, 7200};
    for (size_t t = 0; t < sizeof ticks_s / sizeof *ticks_s; t++) {
        int64_t at_us = from_us + ticks_s[t] * SECOND_US;
        if (at_us < to_us && random_below(random, 3) == 0)
            tick_all(input, at_us);
    }
}

/* An account of that partition that the story does not know. */
static struct str watched_account(const struct input *input, uint32_t partition, char text[WATCHED_SIZE])
{
    for (int i = 0;; i++) {
        struct str name = {text, (uint32_t)snprintf(text, WATCHED_SIZE, "watched%d", i)};
        if (partition_of(name, input->partitions) == partition)
            return name;
    }
}

static void add_signs(struct batch *batch, struct str account, uint32_t count, int64_t time_us)
{
    for (uint32_t i = 0; i < count; i++) {
        struct record sign = {.kind = RECORD_HEARTBEAT,
                              .product = PRODUCT_CONTAINER,
                              .account = account,
                              .subject = STR("watched"),
                              .source = STR("/x"),
                              .id = STR("sign"),
                              .time_us = time_us,
                              .since_us = time_us,
                              .sku = STR(""),
                              .order = STR(""),
                              .amount = STR(""),
                              .currency = STR("")};
        batch_add(batch, &sign);
    }
}

static void put_arrivals(struct input *input, const struct world *world, struct random *random,
                         uint32_t signs)
{
    int64_t epoch_us = rules_of(1, INT64_MAX, INT64_MAX).epoch_us;
    char account[WATCHED_SIZE];
    struct batch batches[INPUT_PARTITIONS_MAX] = {0};
    uint32_t count = world->arrivals.count;
    for (uint32_t i = 0; i < count; i++) {
        const struct arrival *arrival = &world->arrivals.at[i];
        batch_add(&batches[partition_of(arrival->record.account, input->partitions)], &arrival->record);
        int64_t next_us = i + 1 < count ? world->arrivals.at[i + 1].arrives_us : INT64_MAX;
        if (next_us / epoch_us == arrival->arrives_us / epoch_us)
            continue;
        for (uint32_t p = 0; p < input->partitions; p++) {
            add_signs(&batches[p], watched_account(input, p, account), signs, arrival->arrives_us);
            put_live(input, p, &batches[p], arrival->arrives_us);
            batch_clear(&batches[p]);
        }
        tick_between(input, random, arrival->arrives_us, next_us);
    }
    int64_t end_us = world->arrivals.at[count - 1].arrives_us + 4 * HOUR_S * (int64_t)SECOND_US;
    for (int64_t i = 0; i < INPUT_LAST_TICKS; i++)
        tick_all(input, end_us + i * epoch_us);
    for (uint32_t p = 0; p < INPUT_PARTITIONS_MAX; p++)
        batch_release(&batches[p]);
}

void input_of_story(struct input *input, uint64_t seed, struct input_kind kind)
{
    struct world world = {0};
    struct random random = random_for(seed, 1);
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    *input = (struct input){.partitions = kind.partitions, .incarnation = random_next(&random) | 1};
    /* Draws are statements of their own: in what order a compiler takes arguments is its own affair. */
    uint64_t story = random_next(&random);
    bool ahead = random_below(&random, 2) == 0;
    story_make(&world, story,
               (struct story_kind){.events = kind.events,
                                   .hours = kind.hours,
                                   .late_hours = kind.hours,
                                   .late_heartbeats = true,
                                   .ahead = ahead});
    if (kind.frame_rows > 0)
        rules.frame_rows = kind.frame_rows;
    if (kind.snapshot_bytes > 0)
        rules.snapshot_bytes = kind.snapshot_bytes;
    const struct catalog_text catalogs[] = {{INT64_MIN, world.catalog},
                                            {world.later_from_s, world.later_catalog}};
    put_controls(input, &rules, catalogs, world.later_catalog.size > 0 ? 2 : 1,
                 world.arrivals.at[0].arrives_us);
    put_arrivals(input, &world, &random, kind.signs);
    world_release(&world);
}

/* --- files --- */

static void take_simulated(void *context, uint32_t partition, const struct message *message)
{
    struct message copy = *message;
    put(context, partition, &copy, message->clock_us);
}

static uint32_t put_lines(struct simulation *simulation, struct str events)
{
    struct acceptor *acceptor = acceptor_new();
    struct lines lines = lines_of(events.at, events.size);
    struct str line;
    uint32_t rejected = 0;
    while (lines_next(&lines, &line)) {
        struct record record;
        struct rejection rejection;
        if (accept_event(acceptor, line, &record, &rejection))
            simulation_add(simulation, &record);
        else
            rejected++;
    }
    acceptor_free(acceptor);
    return rejected;
}

uint32_t input_of_file(struct input *input, uint32_t partitions, const struct catalog_text *catalogs,
                       uint32_t catalog_count, struct str events, int64_t until_s)
{
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    *input = (struct input){.partitions = partitions};
    put_controls(input, &rules, catalogs, catalog_count, 1000);
    struct simulate_config config = {.partitions = partitions,
                                     .epoch_us = rules.epoch_us,
                                     .delay_us = rules.delay_us,
                                     .until_s = until_s,
                                     .incarnation = 1,
                                     .feed = STR("file"),
                                     .sink = take_simulated,
                                     .context = input};
    struct simulation *simulation = simulation_new(&config);
    uint32_t rejected = put_lines(simulation, events);
    int64_t latest_s = simulation_default_until_s(simulation);
    input->until_s = until_s != INT64_MAX ? until_s : latest_s != INT64_MIN ? latest_s : 0;
    simulation_end(simulation, input->until_s);
    simulation_free(simulation);
    return rejected;
}

struct str input_bytes(const struct input *input, uint32_t i)
{
    return (struct str){input->bytes.bytes.at + input->list.at[i].from, input->list.at[i].size_bytes};
}

void input_release(struct input *input)
{
    vec_release(&input->bytes.bytes);
    vec_release(&input->list);
}
