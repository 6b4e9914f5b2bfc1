/* An epoch as frames, one after another: each ends at an edge, once it is full (DESIGN §4). */
#include "aggregator/core/state.h"
#include "lib/base/check.h"
#include "lib/base/time.h"

/* What rows and their pieces count for, beside their names: hardly ever less than they take encoded. */
enum {
    ROW_BYTES = 24,
    SEGMENT_BYTES = 17,
    SUM_BYTES = 24,
    STATE_BYTES = 40,
    FACT_BYTES = 64,
    NAME_BYTES = 2
};

static bool is_full(const struct fold *fold, struct weight weight)
{
    return weight.rows >= fold->rules.frame_rows || weight.bytes >= fold->rules.frame_bytes;
}

static int64_t name_bytes(struct str name)
{
    return name.size == 0 ? 0 : (int64_t)name.size + NAME_BYTES;
}

static void add_weight(struct weight *weight, int64_t bytes)
{
    weight->rows++;
    weight->bytes += bytes;
}

/* --- facts --- */

static int64_t fact_bytes(const struct fact *fact)
{
    const struct record *record = &fact->record;
    if (fact->control != CONTROL_NONE)
        return FACT_BYTES + fact->catalog.text.size;
    return FACT_BYTES + record->account.size + record->subject.size + record->source.size + record->id.size +
           record->sku.size;
}

/* The frame's facts, in the order of the log, before all rows; false: the frame ends before the rest of them.
 */
static bool take_facts(struct fold *fold)
{
    struct saying *saying = &fold->saying;
    uint32_t first = saying->fact;
    while (saying->fact < fold->facts.count && !is_full(fold, saying->frame))
        add_weight(&saying->frame, fact_bytes(&fold->facts.at[saying->fact++]));
    fold->frame.facts = fold->facts.at + first;
    fold->frame.fact_count = saying->fact - first;
    return saying->fact == fold->facts.count;
}

/* --- rows --- */

/* Notes the row that was just appended, of `bytes` beside its names. */
static void weigh(struct fold *fold, const struct work *work, int64_t bytes)
{
    struct saying *saying = &fold->saying;
    uint32_t account = work_account(fold, work);
    if (saying->last_account != account) {
        saying->account = saying->item = (struct weight){0};
        bytes += name_bytes(names_get(&fold->names, account));
    } else if (saying->last_work != saying->at) {
        saying->item = (struct weight){0};
    }
    saying->last_account = account;
    saying->last_work = saying->at;
    add_weight(&saying->frame, bytes);
    add_weight(&saying->account, bytes);
    add_weight(&saying->item, bytes);
}

/* Whether the frame ends before this work's next row: at an edge between accounts when it is full, between
 * resources when the account fills it alone, between hours when the resource does. */
static bool ends_before(const struct fold *fold, const struct work *work)
{
    const struct saying *saying = &fold->saying;
    if (saying->last_account != work_account(fold, work))
        return is_full(fold, saying->frame);
    return is_full(fold, saying->last_work != saying->at ? saying->account : saying->item);
}

static bool seek_count(const struct fold *fold, const struct work *work)
{
    const struct sum_hour *hour = &fold->sums.hours.at[work->hour];
    for (uint32_t at = work->sum + 1; at != 0; at = hour->list.at[at - 1].next)
        for (int m = 0; m < COUNT_METERS_MAX; m++)
            if (hour->list.at[at - 1].by_meter[m] > 0)
                return true;
    return false;
}

static void say_count(struct fold *fold, const struct work *work)
{
    const struct sum_hour *hour = &fold->sums.hours.at[work->hour];
    const struct sum_key *key = &fold->sums.keys.at[hour->list.at[work->sum].key];
    struct count_row row = {.product = key->product,
                            .account = names_get(&fold->names, key->account),
                            .resource = names_get(&fold->names, key->subject),
                            .sku = names_get(&fold->names, key->sku),
                            .hour_s = hour->hour_s};
    const struct product_row *product = product_row(key->product);
    for (int m = 0; m < product->meter_count; m++)
        for (uint32_t at = work->sum + 1; at != 0; at = hour->list.at[at - 1].next) {
            const struct sum *sum = &hour->list.at[at - 1];
            if (sum->by_meter[m] == 0)
                continue;
            vec_push(&fold->count_sums,
                     (struct count_sum){product->meters[m], sum->from_s, sum->by_meter[m]});
            row.sum_count++;
        }
    vec_push(&fold->counts, row);
    fold->saying.counted = true;
    weigh(fold, work,
          ROW_BYTES + row.sum_count * (int64_t)SUM_BYTES + name_bytes(row.resource) + name_bytes(row.sku));
}

static struct run run_of(const struct fold *fold, const struct work *work)
{
    const struct resource *resource = &fold->resources.at[work->ref.index];
    return run_at(&resource->points, &resource->spans, fold->liveness_s[resource->series.product],
                  fold->clock.now_us);
}

static bool seek_state(const struct fold *fold, const struct work *work)
{
    struct run run = run_of(fold, work);
    return !run_same(&run, &fold->resources.at[work->ref.index].told);
}

static void say_state(struct fold *fold, const struct work *work)
{
    struct resource *resource = &fold->resources.at[work->ref.index];
    struct run run = resource->told = run_of(fold, work);
    struct state_row row = {.product = resource->series.product,
                            .account = names_get(&fold->names, resource->series.account),
                            .resource = names_get(&fold->names, resource->series.name),
                            .state = run.state,
                            .sku = names_get(&fold->names, run.sku),
                            .order = names_get(&fold->names, run.order),
                            .quantity = run.quantity,
                            .since_s = run.since_s,
                            .sign_s = run.sign_s};
    vec_push(&fold->states, row);
    weigh(fold, work, STATE_BYTES + name_bytes(row.resource) + name_bytes(row.sku) + name_bytes(row.order));
}

static void end_state(struct fold *fold, const struct work *work)
{
    fold->resources.at[work->ref.index].looked_at = false;
    work_schedule(fold, work->ref.index);
}

static void say_level(struct fold *fold, const struct work *work)
{
    uint32_t before = fold->segments.count;
    levels_say(fold, work->ref);
    const struct level_row *row = &fold->rows.at[fold->rows.count - 1];
    int64_t bytes = ROW_BYTES + row->segment_count * (int64_t)SEGMENT_BYTES;
    if (fold->saying.last_work != fold->saying.at)
        bytes += name_bytes(row->resource) + name_bytes(row->sku);
    for (uint32_t i = before; i < fold->segments.count; i++) {
        const struct level_segment *segment = &fold->segments.at[i];
        bool new_names =
            i == before || segment[-1].sku.at != segment->sku.at || segment[-1].order.at != segment->order.at;
        bytes += new_names ? name_bytes(segment->sku) + name_bytes(segment->order) : 0;
    }
    weigh(fold, work, bytes);
}

static bool seek(struct fold *fold, const struct work *work)
{
    switch (work->kind) {
    case WORK_LEVEL:
        return levels_seek(fold, work->ref);
    case WORK_COUNT:
        return !fold->saying.counted && seek_count(fold, work);
    case WORK_STATE:
        return seek_state(fold, work);
    }
    CHECK_NEVER("a kind of work");
    return false;
}

static void say(struct fold *fold, const struct work *work)
{
    if (work->kind == WORK_LEVEL)
        say_level(fold, work);
    else if (work->kind == WORK_COUNT)
        say_count(fold, work);
    else
        say_state(fold, work);
}

static void begin(struct fold *fold, const struct work *work)
{
    fold->saying.open = true;
    fold->saying.counted = false;
    if (work->kind == WORK_LEVEL)
        levels_begin(fold, work->ref);
}

static void end(struct fold *fold, const struct work *work)
{
    fold->saying.open = false;
    if (work->kind == WORK_LEVEL)
        levels_end(fold, work->ref);
    else if (work->kind == WORK_STATE)
        end_state(fold, work);
}

/* The frame's rows; false: it ends before the rest of them. */
static bool take_rows(struct fold *fold)
{
    struct saying *saying = &fold->saying;
    for (; saying->at < saying->work.count; saying->at++) {
        const struct work *work = &saying->work.at[saying->at];
        if (!saying->open)
            begin(fold, work);
        while (seek(fold, work)) {
            if (ends_before(fold, work))
                return false;
            say(fold, work);
        }
        end(fold, work);
    }
    return true;
}

/* --- frames --- */

/* Rejects come with the epoch's last frame; where it has no room for them, with one of their own. */
static bool rejects_fit(const struct fold *fold)
{
    int64_t bytes = fold->saying.frame.bytes;
    for (uint32_t i = 0; i < fold->rejects.count; i++) {
        const struct frame_reject *reject = &fold->rejects.at[i];
        bytes +=
            NAME_BYTES * 8 + reject->reason.size + reject->feed.size + reject->source.size + reject->id.size;
    }
    return fold->saying.frame.rows == 0 || fold->rejects.count == 0 || bytes <= fold->rules.frame_bytes;
}

static int compare_rows(const struct level_row *x, const struct level_row *y)
{
    int order = str_compare(x->account, y->account);
    if (order == 0)
        order = (int)x->product - (int)y->product;
    if (order == 0)
        order = str_compare(x->resource, y->resource);
    if (order == 0)
        order = str_compare(x->sku, y->sku);
    return order != 0 ? order : (x->hour_s > y->hour_s) - (x->hour_s < y->hour_s);
}

/* Rows lie still now: their segments and sums lie behind each other. */
static void place_rows(struct fold *fold)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < fold->rows.count; i++) {
        fold->rows.at[i].segments = fold->segments.at + first;
        first += fold->rows.at[i].segment_count;
        CHECK(i == 0 || compare_rows(&fold->rows.at[i - 1], &fold->rows.at[i]) < 0);
    }
    first = 0;
    for (uint32_t i = 0; i < fold->counts.count; i++) {
        fold->counts.at[i].sums = fold->count_sums.at + first;
        first += fold->counts.at[i].sum_count;
    }
}

static void clear_frame(struct fold *fold)
{
    vec_clear(&fold->rows);
    vec_clear(&fold->segments);
    vec_clear(&fold->counts);
    vec_clear(&fold->count_sums);
    vec_clear(&fold->states);
    fold->saying.frame = fold->saying.account = fold->saying.item = (struct weight){0};
    fold->saying.last_account = fold->saying.last_work = UINT32_MAX;
}

static void clear_epoch(struct fold *fold)
{
    for (uint32_t i = 0; i < fold->touched.count; i++)
        series_at(fold, fold->touched.at[i])->touched = false;
    vec_clear(&fold->touched);
    sums_forget(&fold->sums, sums_hours_before(&fold->sums, fold->clock.closed_s));
    fold->counters = (struct frame_counters){0};
    fold->epoch_offset = fold->next_offset;
    fold->saying.under_way = false;
    fold->said = true;
}

static void make_frame(struct fold *fold, bool more)
{
    struct frame *frame = &fold->frame;
    place_rows(fold);
    frame->partition = fold->partition;
    frame->rules_number = fold->rules.number;
    frame->seq = fold->seq++;
    frame->next_offset = more ? fold->epoch_offset : fold->next_offset;
    frame->watermark_us = fold->saying.finish_s == INT64_MIN ? clock_watermark_us(&fold->clock, &fold->rules)
                                                             : fold->saying.finish_s * SECOND_US;
    frame->closed_s = more ? fold->saying.before_s : fold->clock.closed_s;
    if (!more && fold->saying.finish_s != INT64_MIN)
        frame->closed_s = fold->saying.finish_s;
    frame->more = more;
    frame->counters = more ? (struct frame_counters){0} : fold->counters;
    frame->levels = fold->rows.at;
    frame->level_count = fold->rows.count;
    frame->counts = fold->counts.at;
    frame->count_count = fold->counts.count;
    frame->states = fold->states.at;
    frame->state_count = fold->states.count;
    frame->rejects = fold->rejects.at;
    frame->reject_count = more ? 0 : fold->rejects.count;
    memcpy(frame->prev_hash, fold->prev_hash, sizeof frame->prev_hash);
    memcpy(frame->snapshot_digest, fold->snapshot_digest, sizeof frame->snapshot_digest);
    memset(fold->snapshot_digest, 0, sizeof fold->snapshot_digest);
}

const struct frame *fold_next_frame(struct fold *fold)
{
    if (!fold->saying.under_way)
        return NULL;
    clear_frame(fold);
    bool more = !take_facts(fold) || !take_rows(fold) || !rejects_fit(fold);
    make_frame(fold, more);
    if (more)
        return &fold->frame;
    check_epoch(fold);
    bool new_day = fold->saying.closes && fold->clock.closed_s / DAY_S != fold->saying.before_s / DAY_S;
    clear_epoch(fold);
    check_epoch_over(fold);
    if (new_day && fold->saying.finish_s == INT64_MIN)
        forget_old(fold);
    return &fold->frame;
}

bool fold_saying(const struct fold *fold)
{
    return fold->saying.under_way;
}

void fold_close_epoch(struct fold *fold)
{
    int64_t before_s = fold->clock.closed_s;
    int64_t due_s = clock_due_s(&fold->clock, &fold->rules);
    if (due_s > before_s)
        fold->clock.closed_s = due_s;
    fold->saying.finish_s = INT64_MIN;
    work_collect(fold, before_s);
}

void fold_finish(struct fold *fold, int64_t time_s)
{
    int64_t before_s = fold->clock.closed_s;
    if (before_s != INT64_MIN && before_s < time_s)
        fold->clock.closed_s = time_s;
    fold->saying.finish_s = time_s;
    work_collect(fold, before_s);
}
