#include "collectors/lane.h"

#include "lib/base/check.h"

struct lane *lanes_new(uint32_t count)
{
    struct lane *lanes = calloc(count, sizeof *lanes);
    CHECK(lanes != NULL);
    for (uint32_t i = 0; i < count; i++)
        lanes[i].last_offset = -1;
    return lanes;
}

void lanes_free(struct lane *lanes, uint32_t count)
{
    for (uint32_t i = 0; lanes != NULL && i < count; i++) {
        batch_release(&lanes[i].batch);
        vec_release(&lanes[i].submissions);
    }
    free(lanes);
}

void lane_add(struct lane *lane, struct submission *submission, const struct record *record, int64_t now_ms)
{
    if (lane->batch.records.count == 0) {
        lane->opened_ms = now_ms;
        lane->clock_us = submission->clock_us;
    }
    if (submission->clock_us > lane->clock_us)
        lane->clock_us = submission->clock_us;
    batch_add(&lane->batch, record);
    if (lane->submissions.count > 0 && lane->submissions.at[lane->submissions.count - 1] == submission)
        return;
    submission_hold(submission);
    submission->unacknowledged++;
    vec_push(&lane->submissions, submission);
}

void lane_sent(struct lane *lane, struct flight *flight, int64_t now_ms)
{
    CHECK(flight->submissions.count == 0);
    for (uint32_t i = 0; i < lane->submissions.count; i++)
        vec_push(&flight->submissions, lane->submissions.at[i]);
    vec_clear(&lane->submissions);
    batch_clear(&lane->batch);
    if (lane->in_flight++ == 0)
        lane->silent_ms = now_ms;
    lane->sent_ms = now_ms;
    lane->sent_round = flight->round;
}

bool lane_delivered(struct lane *lane, const struct log_delivery *delivery, int64_t now_ms)
{
    CHECK(lane->in_flight > 0);
    lane->in_flight--;
    lane->silent_ms = now_ms;
    if (delivery->failed)
        return true;
    lane->acknowledged++;
    /* The client does not know the offset of what the broker had already. */
    if (delivery->offset < 0)
        return true;
    bool rises = delivery->offset > lane->last_offset;
    lane->last_offset = delivery->offset;
    return rises;
}

int64_t lane_silence_ms(const struct lane *lane, int64_t now_ms)
{
    return lane->in_flight == 0 ? 0 : now_ms - lane->silent_ms;
}

void lane_begin_again(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->submissions.count; i++)
        submission_release(lane->submissions.at[i]);
    vec_clear(&lane->submissions);
    batch_clear(&lane->batch);
    lane->acknowledged = lane->in_flight = 0;
    lane->sent_round = 0;
}
