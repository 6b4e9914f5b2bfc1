#include "lib/run/shown.h"

#include "lib/base/time.h"

static void drop_rows(struct shown *shown)
{
    for (uint32_t i = 0; i < shown->put.count; i++)
        for (int family = 0; family < SHOWN_FAMILIES; family++)
            metric_family_drop(&shown->families[family], shown->put.at[i]);
    vec_clear(&shown->put);
}

static void put_partition(struct shown *shown, const struct worker_shown *partition)
{
    struct metric_family *families = shown->families;
    uint32_t number = partition->number;
    const struct partition_figures *figures = &partition->figures;
    vec_push(&shown->put, number);
    metric_family_say(&families[SHOWN_STATE], number,
                      partition->waits ? "waiting" : partition_state_name(partition->state));
    if (partition->lag >= 0)
        metric_family_set(&families[SHOWN_LAG_RECORDS], number, partition->lag);
    if (figures->watermark_us > 0) {
        int64_t watermark_s = time_second(figures->watermark_us);
        metric_family_set(&families[SHOWN_WATERMARK_S], number, watermark_s);
        if (shown->host->clock_s != NULL)
            metric_family_set(&families[SHOWN_LAG_S], number,
                              shown->host->clock_s(shown->host) - watermark_s);
    }
    if (figures->closed_s > 0)
        metric_family_set(&families[SHOWN_CLOSED_S], number, figures->closed_s);
}

void shown_put(void *context, const struct worker_view *view)
{
    struct shown *shown = context;
    int64_t stopped = 0, least_us = INT64_MAX;
    drop_rows(shown);
    for (uint32_t i = 0; i < view->count; i++) {
        put_partition(shown, &view->shown[i]);
        stopped += view->shown[i].state == PARTITION_STOPPED;
        if (view->shown[i].figures.watermark_us < least_us)
            least_us = view->shown[i].figures.watermark_us;
    }
    metric_set(shown->partitions, view->count);
    metric_set(shown->stopped, stopped);
    metric_set(shown->watermark, view->count > 0 && least_us > 0 ? time_second(least_us) : 0);
    metric_add(shown->restarts, view->restarts - shown->restarts_put);
    shown->restarts_put = view->restarts;
    if (view->ready)
        readiness_set_ready(shown->readiness);
    else
        readiness_set_waiting(shown->readiness, view->why);
}

void shown_release(struct shown *shown)
{
    drop_rows(shown);
    vec_release(&shown->put);
}
