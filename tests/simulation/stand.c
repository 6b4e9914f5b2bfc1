#include "tests/simulation/stand.h"

#include "lib/base/check.h"

enum { SEED = 11, EVENTS = 90, HOURS = 6, PARTITIONS = 2 };

void stand_begin(struct stand *stand, struct stand_kind kind)
{
    *stand = (struct stand){0};
    input_of_story(&stand->input, SEED,
                   (struct input_kind){.events = EVENTS,
                                       .hours = HOURS,
                                       .partitions = PARTITIONS,
                                       .frame_rows = kind.frame_rows,
                                       .snapshot_bytes = kind.snapshot_bytes,
                                       .signs = kind.snapshot_bytes > 0 ? 20 : 0});
    stand->config = (struct house_config){.input = &stand->input,
                                          .seed = SEED,
                                          .aggregators = kind.aggregators,
                                          .settlers = kind.settlers,
                                          .latency_ms = kind.latency_ms,
                                          .work_max = kind.work_max};
    CHECK(reference_make(&stand->reference, &stand->config));
    stand->house = house_new(&stand->config);
}

void stand_end(struct stand *stand)
{
    house_free(stand->house);
    reference_release(&stand->reference);
    input_release(&stand->input);
}

void stand_feed(struct stand *stand, uint32_t thousandths)
{
    uint32_t count = (stand->input.list.count * thousandths + 999) / 1000;
    house_feed(stand->house, count);
    CHECK(house_rest(stand->house));
}

void stand_strike(struct stand *stand, strike *at, uint64_t value)
{
    struct planned planned = {.value = value};
    CHECK(at(stand->house, &planned));
}

void stand_restart(struct stand *stand, uint32_t process)
{
    house_kill(&stand->house->processes[process], 0, MEMORY_LANDS, 0);
    CHECK(house_rest(stand->house));
}

uint32_t stand_stops(const struct stand *stand, enum stop_rule rule)
{
    for (uint32_t i = 0; i < stand->house->stops.count; i++) {
        const struct house_stop *stop = &stand->house->stops.at[i];
        CHECK(stop->partition == 0 && stop_rule_of(stop) == rule);
    }
    return stand->house->stops.count;
}

bool stand_is_whole(const struct stand *stand, uint32_t partition)
{
    const struct house *house = stand->house;
    const struct chains *whole = &stand->reference.chains[partition];
    struct chains chains;
    chains_read(&chains, house->log, house->topics.frames, partition);
    bool same = chains_shared(&chains, whole) == whole->list.count;
    chains_release(&chains);
    if (stand->config.settlers == 0)
        return same;
    struct dump dump;
    dump_make(&dump, house->tables, stand->input.partitions);
    same = same && dump_same(&dump, &stand->reference.dump, partition);
    dump_release(&dump);
    return same;
}
