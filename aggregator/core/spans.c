#include "aggregator/core/spans.h"

#include "lib/base/check.h"

/* Index of the first span that begins after `second_s`. */
static uint32_t first_after(const struct spans *spans, int64_t second_s)
{
    uint32_t low = 0, high = spans->list.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (spans->list.at[middle].first_s > second_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int64_t spans_add(struct spans *spans, int64_t sign_s, int64_t liveness_s)
{
    CHECK(liveness_s > 0);
    uint32_t next = first_after(spans, sign_s);
    struct span *before = next > 0 ? &spans->list.at[next - 1] : NULL;
    struct span *after = next < spans->list.count ? &spans->list.at[next] : NULL;
    if (before != NULL && sign_s <= before->last_s)
        return INT64_MAX;
    bool joins_before = before != NULL && sign_s - before->last_s <= liveness_s;
    int64_t changed = joins_before ? before->last_s : sign_s;
    bool joins_after = after != NULL && after->first_s - sign_s <= liveness_s;
    if (joins_before && joins_after) {
        before->last_s = after->last_s;
        vec_remove(&spans->list, next, 1);
    } else if (joins_before) {
        before->last_s = sign_s;
    } else if (joins_after) {
        after->first_s = sign_s;
    } else {
        vec_insert(&spans->list, next, (struct span){sign_s, sign_s});
    }
    return changed;
}

int64_t spans_end_before(const struct spans *spans, int64_t now_s)
{
    uint32_t next = first_after(spans, now_s - 1);
    return next == 0 ? INT64_MIN : spans->list.at[next - 1].last_s;
}

int64_t spans_last_before(const struct spans *spans, int64_t now_s)
{
    int64_t last_s = spans_end_before(spans, now_s);
    return last_s < now_s ? last_s : now_s - 1;
}

int64_t spans_next_after(const struct spans *spans, int64_t now_s)
{
    uint32_t next = first_after(spans, now_s);
    return next < spans->list.count ? spans->list.at[next].first_s : INT64_MAX;
}

bool spans_alive(const struct spans *spans, int64_t liveness_s, int64_t now_s, int64_t from_s,
                 struct span *alive)
{
    CHECK(liveness_s > 0 && from_s <= now_s);
    uint32_t i = first_after(spans, from_s);
    for (i = i > 0 ? i - 1 : 0; i < spans->list.count && spans->list.at[i].first_s < now_s; i++) {
        struct span span = spans->list.at[i];
        int64_t end_s = span.last_s;
        bool last_sign_is_near = i + 1 == spans->list.count || spans->list.at[i + 1].first_s >= now_s
                                     ? now_s - span.last_s <= liveness_s
                                     : false;
        if (span.last_s >= now_s || last_sign_is_near)
            end_s = now_s;
        if (end_s <= from_s)
            continue;
        *alive = (struct span){span.first_s > from_s ? span.first_s : from_s, end_s};
        return true;
    }
    return false;
}

void spans_forget(struct spans *spans, int64_t before_s)
{
    uint32_t keep = first_after(spans, before_s - 1);
    if (keep > 1)
        vec_remove(&spans->list, 0, keep - 1);
}
