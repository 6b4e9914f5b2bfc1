/* What was not taken: counted, and the first of an hour of log time kept with their identity (DESIGN §4). */
#include <stdio.h>

#include "aggregator/core/state.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

static void keep(struct fold *fold, const struct frame_reject *reject)
{
    fold->counters.records_rejected++;
    int64_t hour_s = fold->clock.now_us == INT64_MIN ? INT64_MIN : time_hour(time_second(fold->clock.now_us));
    if (hour_s != fold->reject_hour_s) {
        fold->reject_hour_s = hour_s;
        fold->reject_count = 0;
    }
    if (fold->reject_count++ < RULES_1_REJECTS_AN_HOUR)
        vec_push(&fold->rejects, *reject);
}

void reject_record(struct fold *fold, const struct message *message, const struct record *record)
{
    fold->effects.too_late++;
    keep(fold, &(struct frame_reject){STR("time: expected an event within the horizon of its kind"),
                                      arena_copy(&fold->strings, message->feed),
                                      arena_copy(&fold->strings, record->source),
                                      arena_copy(&fold->strings, record->id), message->offset});
}

void reject_control(struct fold *fold, const struct message *message, const char *reason)
{
    char hash[2 * CONTROL_HASH_SIZE + 1];
    for (size_t i = 0; i < CONTROL_HASH_SIZE; i++)
        snprintf(hash + 2 * i, sizeof hash - 2 * i, "%02x", message->origin.hash[i]);
    fold->effects.controls_rejected++;
    keep(fold, &(struct frame_reject){arena_copy(&fold->strings, str_of(reason)), STR(""), STR(""),
                                      arena_copy(&fold->strings, str_of(hash)), message->offset});
}

void reject_message(struct fold *fold, int64_t offset)
{
    fold->effects.not_ours++;
    keep(fold, &(struct frame_reject){STR("message: expected one of usage.records"), STR(""), STR(""),
                                      STR(""), offset});
}
