/* What holds at the end of every epoch, as far as it is cheap to see (state.h numbers them). A fold that
 * breaks one ends the process before its frame leaves it: the bill would be wrong. */
#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/time.h"

/* 6: what was counted in closed hours was emitted and deleted. */
static void check_sums(const struct fold *fold)
{
    const struct sums *sums = &fold->sums;
    if (sums->hours.count == 0)
        return;
    CHECK(fold->clock.closed_s == INT64_MIN || sums->hours.at[0].hour_s >= fold->clock.closed_s);
}

/* 7: no record is lost, and none counts twice. */
static void check_counters(const struct fold *fold)
{
    const struct frame_counters *c = &fold->counters;
    CHECK(c->records_in == c->records_applied + c->records_repeated + c->records_rejected);
    CHECK(c->ticks <= c->messages);
}

/* 8: the epoch is the messages from where the one before ended. */
static void check_offsets(const struct fold *fold)
{
    CHECK(fold->next_offset == fold->epoch_offset + (int64_t)fold->counters.messages);
}

/* 9: hours close whole, none before the watermark has passed it, and none opens again. */
static void check_clock(const struct fold *fold)
{
    const struct saying *saying = &fold->saying;
    CHECK(fold->clock.closed_s >= saying->before_s);
    if (saying->finish_s != INT64_MIN || fold->clock.closed_s == INT64_MIN)
        return;
    CHECK(fold->clock.closed_s % HOUR_S == 0);
    CHECK(fold->clock.closed_s <= time_second(clock_watermark_us(&fold->clock, &fold->rules)));
}

/* 5: whose state may have changed was looked at. */
static void check_looks(const struct fold *fold)
{
    CHECK(fold->looks.count == 0 || fold->clock.now_us == INT64_MIN);
}

void check_epoch(const struct fold *fold)
{
    check_counters(fold);
    check_offsets(fold);
    check_clock(fold);
    check_looks(fold);
}

void check_epoch_over(const struct fold *fold)
{
    check_sums(fold);
    CHECK(fold->touched.count == 0 && !fold->saying.under_way);
}
