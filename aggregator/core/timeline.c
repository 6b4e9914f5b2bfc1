#include "aggregator/core/timeline.h"

#include "lib/base/check.h"

bool level_equal(struct level a, struct level b)
{
    return a.sku == b.sku && a.order == b.order && a.quantity == b.quantity;
}

void timeline_append(struct timeline *timeline, struct step step)
{
    if (step.from_s >= step.to_s || step.level.quantity == 0)
        return;
    if (timeline->steps.count > 0) {
        struct step *last = &timeline->steps.at[timeline->steps.count - 1];
        CHECK(last->to_s <= step.from_s);
        if (last->to_s == step.from_s && level_equal(last->level, step.level)) {
            last->to_s = step.to_s;
            return;
        }
    }
    vec_push(&timeline->steps, step);
}

uint32_t timeline_at(const struct timeline *timeline, int64_t second_s)
{
    uint32_t low = 0, high = timeline->steps.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (timeline->steps.at[middle].to_s > second_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Makes room for exactly `room` items in place of `old` ones from index `first` on. */
static void make_room(struct timeline *timeline, uint32_t first, uint32_t old, uint32_t room)
{
    uint32_t count = timeline->steps.count - old + room;
    vec_reserve(&timeline->steps, count);
    if (timeline->steps.count > first + old)
        memmove(timeline->steps.at + first + room, timeline->steps.at + first + old,
                (timeline->steps.count - first - old) * sizeof *timeline->steps.at);
    timeline->steps.count = count;
}

/* Joins the step at index i to the one before it, if they touch and are equal. */
static void join(struct timeline *timeline, uint32_t i)
{
    if (i == 0 || i >= timeline->steps.count)
        return;
    struct step *before = &timeline->steps.at[i - 1], *step = &timeline->steps.at[i];
    if (before->to_s != step->from_s || !level_equal(before->level, step->level))
        return;
    before->to_s = step->to_s;
    vec_remove(&timeline->steps, i, 1);
}

void timeline_replace(struct timeline *timeline, int64_t from_s, int64_t to_s, const struct timeline *piece)
{
    uint32_t pieces = piece->steps.count;
    CHECK(from_s <= to_s);
    CHECK(pieces == 0 || (piece->steps.at[0].from_s >= from_s && piece->steps.at[pieces - 1].to_s <= to_s));
    uint32_t first = timeline_at(timeline, from_s), last = first;
    while (last < timeline->steps.count && timeline->steps.at[last].from_s < to_s)
        last++;
    struct step head = {0}, tail = {0};
    bool has_head = last > first && timeline->steps.at[first].from_s < from_s;
    bool has_tail = last > first && timeline->steps.at[last - 1].to_s > to_s;
    if (has_head)
        head = (struct step){timeline->steps.at[first].from_s, from_s, timeline->steps.at[first].level};
    if (has_tail)
        tail = (struct step){to_s, timeline->steps.at[last - 1].to_s, timeline->steps.at[last - 1].level};
    uint32_t room = piece->steps.count + has_head + has_tail;
    make_room(timeline, first, last - first, room);
    uint32_t at = first;
    if (has_head)
        timeline->steps.at[at++] = head;
    if (piece->steps.count > 0)
        memcpy(timeline->steps.at + at, piece->steps.at, piece->steps.count * sizeof *piece->steps.at);
    at += piece->steps.count;
    if (has_tail)
        timeline->steps.at[at++] = tail;
    /* From behind, so that the earlier index stays good. */
    join(timeline, at);
    if (has_tail)
        join(timeline, at - 1);
    if (has_head)
        join(timeline, first + 1);
    join(timeline, first);
}

static struct step clipped(const struct timeline *t, uint32_t i, int64_t from_s, int64_t to_s)
{
    if (i >= t->steps.count || t->steps.at[i].from_s >= to_s)
        return (struct step){to_s, to_s, {0}};
    struct step step = t->steps.at[i];
    if (step.from_s < from_s)
        step.from_s = from_s;
    if (step.to_s > to_s)
        step.to_s = to_s;
    return step;
}

bool timeline_same(const struct timeline *a, const struct timeline *b, int64_t from_s, int64_t to_s)
{
    if (from_s >= to_s)
        return true;
    uint32_t i = timeline_at(a, from_s), j = timeline_at(b, from_s);
    for (;; i++, j++) {
        struct step x = clipped(a, i, from_s, to_s), y = clipped(b, j, from_s, to_s);
        if (x.from_s != y.from_s || x.to_s != y.to_s || !level_equal(x.level, y.level))
            return false;
        if (x.from_s == to_s)
            return true;
    }
}

void timeline_forget(struct timeline *timeline, int64_t second_s)
{
    uint32_t keep = timeline_at(timeline, second_s);
    vec_remove(&timeline->steps, 0, keep);
    if (timeline->steps.count > 0 && timeline->steps.at[0].from_s < second_s)
        timeline->steps.at[0].from_s = second_s;
}
