#include "tests/simulation/world_run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "settler/store/memory_own.h"
#include "tests/simulation/reference.h"

enum {
    FRAMES_LEAST = 200,
    QUIET_MS = 400000, /* in which a house that is left in peace again comes to an end */
    MISSED_MS = 65000, /* in which a frame that does not come is missed */
    AFTERWARDS = 100,  /* turns that are taken when all is done */
};

struct world_of {
    uint64_t seed;
    struct input input;
    struct house *house;
    struct plan plan;
    struct reference reference;
    bool good;
};

static void wrong(struct world_of *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void wrong(struct world_of *world, const char *format, ...)
{
    va_list arguments;
    printf("seed %" PRIu64 ": ", world->seed);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    world->good = false;
}

/* --- making --- */

static uint32_t choice(struct random *random, const uint32_t *list, uint32_t count)
{
    return list[random_below(random, count)];
}
#define CHOICE(random, ...)                                                                                  \
    choice((random), (const uint32_t[]){__VA_ARGS__},                                                        \
           sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

/* Draws are statements of their own: in what order a compiler takes initializers is its own affair. */
static struct house_config make(struct world_of *world)
{
    struct random random = random_for(world->seed, 3);
    struct input_kind kind = {.partitions = CHOICE(&random, 2, 3, 4)};
    kind.events = (int)(CHOICE(&random, 260, 320) / kind.partitions);
    kind.hours = (int)CHOICE(&random, 3, 8, 30);
    kind.frame_rows = CHOICE(&random, 0, 1, 3, 8);
    kind.snapshot_bytes = CHOICE(&random, 300, 1000, 4000, 20000);
    kind.signs = CHOICE(&random, 0, 5, 20);
    input_of_story(&world->input, world->seed, kind);
    struct house_config config = {.input = &world->input, .seed = world->seed};
    config.aggregators = CHOICE(&random, 1, 2, 2, 3);
    config.settlers = CHOICE(&random, 1, 2, 2);
    config.latency_ms = CHOICE(&random, 0, 5, 40);
    config.work_max = CHOICE(&random, 0, 1, 3, 10);
    config.accounts_max = CHOICE(&random, 0, 1, 2);
    return config;
}

/* --- living --- */

static bool has_stopped(const struct house *house, uint32_t partition)
{
    for (uint32_t i = 0; i < house->stops.count; i++)
        if (house->stops.at[i].partition == partition)
            return true;
    return false;
}

static bool is_done(const struct world_of *world, uint32_t partition)
{
    return has_stopped(world->house, partition) || (tables_next_seq(world->house->tables, partition) ==
                                                        world->reference.chains[partition].list.count &&
                                                    told_all(world->house, partition));
}

static bool all_done(const struct world_of *world)
{
    for (uint32_t p = 0; p < world->input.partitions; p++)
        if (!is_done(world, p))
            return false;
    return world->house->fed == world->input.list.count;
}

static void turn(struct world_of *world, struct random *random)
{
    struct house *house = world->house;
    plan_strike(&world->plan, house);
    house_turn(house, &house->processes[random_below(random, house->count)]);
}

static void turns_until(struct world_of *world, struct random *random, int64_t until_ms)
{
    while (memory_log_now(world->house->log) < until_ms && !world->house->ended)
        turn(world, random);
}

static bool frames_may_be_missed(const struct world_of *world)
{
    for (uint32_t p = 0; p < world->input.partitions; p++)
        if ((plan_allows(&world->plan, p) & (UINT32_C(1) << RULE_FRAME_MISSED)) != 0)
            return true;
    return false;
}

static void live(struct world_of *world)
{
    struct house *house = world->house;
    struct random random = random_for(world->seed, 4);
    uint32_t held = INPUT_LAST_TICKS * world->input.partitions;
    bool filled = false;
    plan_strike(&world->plan, house);
    while (house->fed + held < world->input.list.count && !house->ended) {
        house_feed(house, random_below(&random, 4));
        if (!filled && house->fed > world->input.list.count * 9 / 10) {
            plan_fill(&world->plan, world->seed, house);
            filled = true;
        }
        turn(world, &random);
    }
    /* A frame that does not come is missed by those that come a minute later. */
    while (frames_may_be_missed(world) && house->fed < world->input.list.count && !house->ended) {
        turns_until(world, &random, memory_log_now(house->log) + MISSED_MS);
        house_feed(house, world->input.partitions);
    }
    house_feed(house, UINT32_MAX);
    int64_t until_ms = memory_log_now(house->log) + QUIET_MS;
    while (!all_done(world) && memory_log_now(house->log) < until_ms && !house->ended)
        turn(world, &random);
    for (int i = 0; i < AFTERWARDS && !house->ended; i++)
        turn(world, &random);
}

/* --- judging --- */

static void judge_stops(struct world_of *world, struct figures *figures)
{
    const struct house *house = world->house;
    for (uint32_t i = 0; i < house->stops.count; i++) {
        const struct house_stop *stop = &house->stops.at[i];
        enum stop_rule rule = stop_rule_of(stop);
        figures->rules[rule]++;
        if ((plan_allows(&world->plan, stop->partition) & (UINT32_C(1) << rule)) == 0)
            wrong(world, "partition %u stopped, which nothing explains: %s", stop->partition, stop->why);
    }
}

static void judge_partition(struct world_of *world, uint32_t p, const struct dump *dump)
{
    const struct chains *whole = &world->reference.chains[p];
    struct chains chains;
    chains_read(&chains, world->house->log, world->house->topics.frames, p);
    uint64_t shared = chains_shared(&chains, whole), longest = chains_longest(&chains);
    uint64_t next_seq = tables_next_seq(world->house->tables, p);
    bool stopped = has_stopped(world->house, p), forged = plan_forges(&world->plan, p);
    bool whole_log = shared == whole->list.count || plan_spoils_frames(&world->plan, p);
    bool same = dump_same(dump, &world->reference.dump, p);
    if (longest > shared + (forged ? 1 : 0))
        wrong(world, "partition %u: a chain of %" PRIu64 " frames, of which %" PRIu64 " are right", p,
              longest, shared);
    if (!stopped && (!whole_log || !same))
        wrong(world,
              "partition %u: %" PRIu64 " of %u frames, settled up to %" PRIu64 ", tables %s, and not stopped",
              p, shared, whole->list.count, next_seq, same ? "the same" : "not the same");
    if (!stopped && !same) {
        printf("  there is\n");
        dump_print_difference(dump, &world->reference.dump, p);
        printf("  in place of\n");
        dump_print_difference(&world->reference.dump, dump, p);
    }
    if (stopped && !dump_same_below(dump, &world->reference.dump, p, next_seq))
        wrong(world, "partition %u stopped, and what was settled below frame %" PRIu64 " is not the same", p,
              next_seq);
    chains_release(&chains);
}

/* What the platform was told is what the tables have. */
static void judge_notices(struct world_of *world, uint32_t p, struct figures *figures)
{
    char why[200];
    if (has_stopped(world->house, p))
        return;
    if (!told_all(world->house, p))
        wrong(world, "partition %u: notices wait", p);
    else if (!told_right(world->house, p, &figures->told, why))
        wrong(world, "partition %u: %s", p, why);
}

static void count_faults(struct world_of *world, struct figures *figures)
{
    uint32_t struck, kinds;
    plan_struck(&world->plan, &struck, &kinds);
    for (uint32_t i = 0; i < world->plan.count; i++)
        figures->faults[world->plan.list[i].fault] += world->plan.list[i].struck;
    if (struck < PLAN_FAULTS_LEAST || kinds < PLAN_KINDS_LEAST)
        wrong(world, "only %u faults of %u kinds", struck, kinds);
}

/* Frames of the reference, and how often they close hours. */
static void count_frames(struct world_of *world, struct figures *figures)
{
    uint64_t frames = 0, closes = 0;
    for (uint32_t p = 0; p < world->input.partitions; p++) {
        const struct chains *chains = &world->reference.chains[p];
        frames += chains->list.count;
        for (uint32_t i = 1; i < chains->list.count; i++)
            closes += chains->list.at[i - 1].closed_s != INT64_MIN &&
                      chains->list.at[i].closed_s > chains->list.at[i - 1].closed_s;
    }
    figures->closes += closes;
    figures->frames += frames;
    if (figures->least_frames == 0 || frames < figures->least_frames)
        figures->least_frames = frames;
    if (frames < FRAMES_LEAST || closes == 0)
        wrong(world, "only %" PRIu64 " frames, which close hours %" PRIu64 " times", frames, closes);
}

static void count_struck(const struct house *house, struct figures *figures)
{
    figures->worlds++;
    figures->stopped += house->stops.count > 0;
    figures->turns += house->turns;
    for (enum memory_log_fault f = 0; f < MEMORY_LOG_FAULTS; f++)
        figures->log[f] += memory_log_struck(house->log, f);
    for (enum memory_fault f = MEMORY_FAULT_REFUSED; f < MEMORY_FAULT_COUNT; f++)
        figures->tables[f] += memory_tables_struck(house->tables, f);
    for (enum fence_branch b = 0; b < FENCE_BRANCHES; b++)
        figures->fence[b] += house->fence.struck[b];
    figures->steps += house->fence.steps;
    figures->pages += house->fence.pages;
    figures->bills += house->tables->rows.bill_totals.count;
    figures->notices += house->tables->rows.notices.count;
    figures->replies_lost += house->fence.replies_lost;
}

static void judge(struct world_of *world, struct figures *figures)
{
    struct dump dump;
    dump_make(&dump, world->house->tables, world->input.partitions);
    if (world->house->ended)
        wrong(world, "%s", world->house->why_ended);
    judge_stops(world, figures);
    for (uint32_t p = 0; p < world->input.partitions; p++)
        judge_partition(world, p, &dump);
    for (uint32_t p = 0; p < world->input.partitions; p++)
        judge_notices(world, p, figures);
    if (!dump_same(&dump, &world->reference.dump, UINT32_MAX))
        wrong(world, "meta is not the same");
    count_frames(world, figures);
    count_faults(world, figures);
    count_struck(world->house, figures);
    dump_release(&dump);
}

bool world_run(uint64_t seed, bool loud, struct figures *figures)
{
    struct world_of world = {.seed = seed, .good = true};
    struct house_config config = make(&world);
    if (!reference_make(&world.reference, &config))
        wrong(&world, "the house that was left in peace does not settle");
    world.house = house_new(&config);
    plan_make(&world.plan, seed, world.house);
    live(&world);
    judge(&world, figures);
    if (!world.good || loud)
        plan_print(&world.plan);
    fflush(stdout);
    plan_release(&world.plan);
    house_free(world.house);
    reference_release(&world.reference);
    input_release(&world.input);
    return world.good;
}
