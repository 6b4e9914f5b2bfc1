#include "tests/simulation/reference.h"

/* Longer than any pause that nobody's failure has made longer. */
enum { CALM_MS = 3000, TURNS_MAX = 200000 };

/* What moves while there is work: ends of topics, numbers of frames, and steps. */
static int64_t progress_of(const struct house *house)
{
    int64_t sum = 0;
    for (uint32_t p = 0; p < house->input->partitions; p++) {
        struct log_range range = {.topic = house->topics.frames, .partition = p};
        memory_log_range(house->log, &range);
        sum += range.high + (int64_t)tables_next_seq(house->tables, p) + tables_step(house->tables, p);
    }
    return sum;
}

static bool all_run(const struct house *house)
{
    for (uint32_t i = 0; i < house->count; i++)
        if (house->processes[i].worker == NULL || house->processes[i].thaws_ms != 0)
            return false;
    return true;
}

bool house_rest(struct house *house)
{
    int64_t before = -1, moved_ms = 0;
    for (int turns = 0; turns < TURNS_MAX && !house->ended; turns++) {
        for (uint32_t i = 0; i < house->count; i++)
            house_turn(house, &house->processes[i]);
        int64_t progress = progress_of(house), now_ms = memory_log_now(house->log);
        if (progress != before || !all_run(house))
            moved_ms = now_ms;
        if (now_ms - moved_ms > CALM_MS)
            return true;
        before = progress;
    }
    return false;
}

bool reference_make(struct reference *reference, const struct house_config *config)
{
    struct house_config peaceful = *config;
    peaceful.aggregators = peaceful.settlers = 1;
    peaceful.latency_ms = 0;
    struct house *house = house_new(&peaceful);
    house_feed(house, UINT32_MAX);
    bool good = house_rest(house) && house->stops.count == 0;
    for (uint32_t p = 0; p < config->input->partitions; p++) {
        chains_read(&reference->chains[p], house->log, house->topics.frames, p);
        good = good && tables_next_seq(house->tables, p) == reference->chains[p].list.count;
    }
    dump_make(&reference->dump, house->tables, config->input->partitions);
    house_free(house);
    return good;
}

void reference_release(struct reference *reference)
{
    for (uint32_t p = 0; p < INPUT_PARTITIONS_MAX; p++)
        chains_release(&reference->chains[p]);
    dump_release(&reference->dump);
}
