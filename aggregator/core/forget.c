/* Letting go of what is too late to change: state is bounded by the horizons (DESIGN §4). */
#include "aggregator/core/state.h"
#include "lib/base/time.h"

static const int64_t incarnation_kept_us = 8 * 24 * (int64_t)HOUR_S * SECOND_US;

enum { LATE_GRACE_S = 2 * HOUR_S }; /* an hour that the fold keeps, and the hour that the second lies in */

/* Everything before it can no longer change; INT64_MIN: a horizon without end. */
static int64_t cutoff_s(const struct fold *fold, int64_t horizon_us)
{
    if (horizon_us / SECOND_US > fold->clock.closed_s)
        return INT64_MIN;
    return fold->clock.closed_s - horizon_us / SECOND_US - LATE_GRACE_S;
}

static void forget_incarnations(struct fold *fold)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fold->incarnations.count; i++)
        if (fold->incarnations.at[i].last_us > fold->clock.now_us - incarnation_kept_us)
            fold->incarnations.at[kept++] = fold->incarnations.at[i];
    fold->incarnations.count = kept;
}

static void forget_resource(struct fold *fold, uint32_t at, int64_t before_s)
{
    struct resource *resource = &fold->resources.at[at];
    int64_t liveness_s = fold->liveness_s[resource->series.product];
    if (liveness_s > 0) {
        /* A late sign may bridge the gap to the last one before the horizon. */
        int64_t sign_s = spans_last_before(&resource->spans, before_s);
        if (sign_s != INT64_MIN && before_s - sign_s <= liveness_s)
            before_s = time_hour(sign_s);
        spans_forget(&resource->spans, before_s);
    }
    struct points_shared shared = fold_shared(fold);
    points_forget(&resource->points, &shared, before_s);
    timeline_forget(&resource->series.said, before_s);
    /* What ended so long ago leaves the levels, and the next epoch says so. */
    enum run_state state = run_state_at(&resource->points, &resource->spans, liveness_s, fold->clock.now_us);
    if (state != resource->told.state)
        work_look_at(fold, at);
}

static void forget_storage(struct fold *fold, int64_t before_s)
{
    struct points_shared shared = fold_shared(fold);
    for (uint32_t i = 0; i < fold->file_systems.count; i++)
        points_forget(&fold->file_systems.at[i].points, &shared, before_s);
    for (uint32_t i = 0; i < fold->pools.count; i++) {
        pool_forget(&fold->pools.at[i].pool, before_s);
        timeline_forget(&fold->pools.at[i].series.said, before_s);
    }
    leave_file_systems(fold);
}

void forget_old(struct fold *fold)
{
    forget_incarnations(fold);
    int64_t lifecycle_s = cutoff_s(fold, fold->rules.lifecycle_horizon_us);
    int64_t report_s = cutoff_s(fold, fold->rules.report_horizon_us);
    if (report_s != INT64_MIN) {
        seen_forget(&fold->seen, report_s);
        forget_storage(fold, report_s);
    }
    if (lifecycle_s == INT64_MIN)
        return;
    for (uint32_t i = 0; i < fold->resources.count; i++)
        forget_resource(fold, i, lifecycle_s);
    leave_resources(fold, lifecycle_s);
}
