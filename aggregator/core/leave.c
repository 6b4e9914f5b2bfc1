/* What is forgotten whole leaves the state, and a later event of its name makes it anew: names that come once
 * (a container a job) would else be kept for ever, in memory and in every snapshot (DESIGN §4). */
#include "aggregator/core/state.h"
#include "lib/base/check.h"

enum { LEFT = -1 };

/* Nothing but what snapshots hold decides, so that a restart changes nothing. */
static bool resource_leaves(const struct resource *resource, int64_t before_s)
{
    const struct series *series = &resource->series;
    uint32_t spans = resource->spans.list.count;
    return resource->points.list.count == 0 && resource->points.base.quantity == 0 &&
           (spans == 0 || resource->spans.list.at[spans - 1].last_s < before_s) &&
           series->said.steps.count == 0 && resource->told.state == RUN_GONE && !series->live &&
           series->signs_changed_s == INT64_MAX;
}

/* Where each index is now, or LEFT. */
struct moves {
    VEC(int64_t) to;
};

static void move_refs(struct fold *fold, const struct moves *moves)
{
    for (uint32_t i = 0; i < fold->live.count; i++)
        if (!fold->live.at[i].is_pool)
            fold->live.at[i].index = (uint32_t)moves->to.at[fold->live.at[i].index] & INT32_MAX;
    for (uint32_t i = 0; i < fold->stops.count; i++)
        if (!fold->stops.at[i].ref.is_pool)
            fold->stops.at[i].ref.index = (uint32_t)moves->to.at[fold->stops.at[i].ref.index] & INT32_MAX;
    for (uint32_t i = 0; i < fold->looks.count; i++)
        fold->looks.at[i] = (uint32_t)moves->to.at[fold->looks.at[i]];
    struct due due = {0};
    for (uint32_t i = 0; i < fold->due.heap.count; i++) {
        struct due_entry entry = fold->due.heap.at[i];
        int64_t to = moves->to.at[entry.resource];
        if (to != LEFT)
            due_add(&due, (struct due_entry){entry.time_us, (uint32_t)to});
    }
    due_release(&fold->due);
    fold->due = due;
}

void leave_resources(struct fold *fold, int64_t before_s)
{
    struct moves moves = {0};
    uint32_t kept = 0;
    CHECK(fold->touched.count == 0 && !fold->saying.under_way);
    for (uint32_t i = 0; i < fold->resources.count; i++) {
        struct resource *resource = &fold->resources.at[i];
        bool leaves = resource_leaves(resource, before_s);
        vec_push(&moves.to, leaves ? LEFT : (int64_t)kept);
        if (leaves)
            resource_release(resource);
        else
            fold->resources.at[kept++] = *resource;
    }
    if (kept < fold->resources.count) {
        fold->resources.count = kept;
        fold_index_resources(fold);
        move_refs(fold, &moves);
    }
    vec_release(&moves.to);
}

void leave_file_systems(struct fold *fold)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fold->file_systems.count; i++) {
        struct points *points = &fold->file_systems.at[i].points;
        if (points->list.count == 0 && points->base.quantity == 0)
            vec_release(&points->list);
        else
            fold->file_systems.at[kept++] = fold->file_systems.at[i];
    }
    if (kept < fold->file_systems.count) {
        fold->file_systems.count = kept;
        fold_index_file_systems(fold);
    }
}
