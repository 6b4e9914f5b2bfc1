#include "settler/core/effects.h"

static bool ends(enum record_kind kind)
{
    return kind == RECORD_ORDER_FAILED || kind == RECORD_ORDER_REFUNDED;
}

void order_events_add(struct order_events *events, enum record_kind kind)
{
    if (kind == RECORD_ORDER_PAID)
        events->paid++;
    else if (ends(kind))
        events->ends++;
    else
        events->others++;
}

/* Of those that wait for it, one of the ends counts at most. */
static void add_paid(struct fact_effects *effects, const struct order_events *before)
{
    if (before->paid > 0) {
        effects->paid_twice++;
        return;
    }
    effects->paid_later += before->ends + before->others;
    effects->ended_before += before->ends > 1 ? before->ends - 1 : 0;
}

void effects_add(struct fact_effects *effects, const struct order_events *before, enum record_kind kind)
{
    effects->applied++;
    if (kind == RECORD_ORDER_PAID)
        add_paid(effects, before);
    else if (before->paid == 0)
        effects->never_paid++;
    else if (ends(kind) && before->ends > 0)
        effects->ended_before++;
}
