/* Simulated worlds, a seed each: simulation [--seeds FIRST-LAST | --seed N] [--journal].
 *
 * Prints how often each fault, each rule that stops a partition and each branch of the fence was struck; over
 * all seeds none may be zero. A world that does not come out as it should is printed with its seed and its
 * schedule; --seed N runs it alone. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/io/journal.h"
#include "tests/simulation/world_run.h"

/* So many seeds strike everything. */
enum { ALL_STRUCK_SEEDS = 1000 };

static bool show(const char *what, const char *name, uint64_t times)
{
    printf("%-10s %-34s %10" PRIu64 "\n", what, name, times);
    return times > 0;
}

/* False: something was never struck. */
static bool show_figures(const struct figures *figures)
{
    bool all = true;
    for (enum fault f = 0; f < FAULTS; f++)
        all &= show("fault", fault_name(f), figures->faults[f]);
    for (enum memory_log_fault f = 0; f < MEMORY_LOG_FAULTS; f++)
        all &= show("log", memory_log_fault_name(f), figures->log[f]);
    static const char *const tables[MEMORY_FAULT_COUNT] = {
        [MEMORY_FAULT_REFUSED] = "statement refused",
        [MEMORY_FAULT_DEAD] = "connection broke before one",
        [MEMORY_FAULT_REPLY_LOST] = "and behind one",
    };
    for (int f = MEMORY_FAULT_REFUSED; f < MEMORY_FAULT_COUNT; f++)
        all &= show("tables", tables[f], figures->tables[f]);
    all &= show("tables", "reply to a COMMIT lost", figures->replies_lost);
    all &= show("tables", "steps of frames", figures->steps);
    all &= show("tables", "of them pages of accounts", figures->pages);
    all &= show("tables", "rows of bills", figures->bills);
    all &= show("tables", "notices", figures->notices);
    for (enum fence_branch b = 0; b < FENCE_BRANCHES; b++)
        all &= show("fence", fence_branch_name(b), figures->fence[b]);
    for (enum stop_rule r = 0; r < STOP_RULES; r++)
        all &= show("stop", stop_rule_name(r), figures->rules[r]);
    all &= show("told", "notices", figures->told.rows);
    all &= show("told", "said again", figures->told.again);
    all &= show("told", "skipped as old", figures->told.skipped);
    printf("%" PRIu64 " worlds, in %" PRIu64 " of which a partition stopped\n", figures->worlds,
           figures->stopped);
    printf("%" PRIu64 " frames, %" PRIu64 " in a world at least; hours closed %" PRIu64 " times; %" PRIu64
           " turns\n",
           figures->frames, figures->least_frames, figures->closes, figures->turns);
    return all;
}

int main(int count, char **arguments)
{
    uint64_t first = 1, last = 100;
    bool alone = false, journal = false, good = true;
    for (int i = 1; i < count; i++) {
        if (sscanf(arguments[i], "--seeds=%" SCNu64 "-%" SCNu64, &first, &last) == 2)
            continue;
        if (sscanf(arguments[i], "--seed=%" SCNu64, &first) == 1) {
            last = first;
            alone = true;
        } else if (strcmp(arguments[i], "--journal") == 0) {
            journal = true;
        } else {
            fprintf(stderr, "simulation [--seeds=FIRST-LAST | --seed=N] [--journal]\n");
            return 2;
        }
    }
    journal_init("simulation", false, journal ? JOURNAL_LEVEL_INFO : JOURNAL_LEVEL_ERROR + 1);
    struct figures figures = {0};
    uint64_t wrong = 0;
    for (uint64_t seed = first; seed <= last; seed++)
        wrong += !world_run(seed, alone, &figures);
    bool all = alone || show_figures(&figures) || last - first + 1 < ALL_STRUCK_SEEDS;
    if (wrong > 0)
        printf("%" PRIu64 " worlds are wrong\n", wrong);
    if (!all)
        printf("something was never struck\n");
    good = wrong == 0 && all;
    return good ? 0 : 1;
}
