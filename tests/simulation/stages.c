#include "aggregator/aggregator.h"
#include "lib/base/check.h"
#include "settler/settler.h"
#include "tests/simulation/house.h"

struct stage *process_stage_new(struct process *process)
{
    const struct topics *topics = &process->house->topics;
    if (process->kind == PROCESS_AGGREGATOR) {
        struct aggregator *aggregator = calloc(1, sizeof *aggregator);
        CHECK(aggregator != NULL);
        aggregator_init(aggregator, topics);
        return &aggregator->stage;
    }
    struct settler *settler = calloc(1, sizeof *settler);
    CHECK(settler != NULL);
    settler_init(settler, topics, fence_opener(&process->house->fence));
    settler_publish(settler, memory_log_opener(&process->appends));
    return &settler->stage;
}

void process_stage_free(struct process *process)
{
    if (process->kind == PROCESS_AGGREGATOR)
        aggregator_release((struct aggregator *)process->stage);
    free(process->stage);
}
