#include "tests/support/frames.h"

#include <string.h>

#include "lib/base/check.h"
#include "lib/base/time.h"

/* Log time passes so much faster, at most, than the hours that are spoken of: bills are cut on the way. */
enum { PACE = 40, FRAME_LOG_END_HOURS = PACE * FRAME_LOG_HOURS };
enum { SEGMENTS_MAX = 4, RESOURCES = 4, ORDERS = 3, FACT_IDS = 40, PAYMENTS = 6, LATE_HOURS = 2 };

static const char first_catalog[] =
    "currency: USD\n"
    "charge_scale: 6\n"
    "void_after: 2h\n"
    "products:\n"
    "  container:\n"
    "    settle: hourly\n"
    "    skus:\n"
    "      s: {payg: {price: '2.50', per: hour}, subscription: {price: '1200', per: month}}\n"
    "      t:\n"
    "        payg:\n"
    "          - {from: '2026-01-01T01:20:00Z', price: '0.333333333333', per: minute}\n"
    "          - {from: '2026-01-01T04:00:01Z', price: '7', per: day}\n"
    "        subscription: {price: '99.99', per: month}\n"
    "  node: {settle: hourly, skus: {s: {payg: {price: '1', per: second}}}}\n"
    "  storage: {settle: hourly, skus: {f: {payg: {price: '0.01', per: GB-hour}, free: 20}}}\n"
    "  maas:\n"
    "    settle: cycle\n"
    "    skus:\n"
    "      m:\n"
    "        input_tokens:\n"
    "          - {price: '0.6', per: 1M}\n"
    "          - {from: '2026-01-01T02:30:00Z', price: '0.7', per: 1K}\n"
    "        cached_input_tokens: {price: '0.06', per: 1M}\n";

static const char second_catalog[] =
    "currency: USD\n"
    "charge_scale: 6\n"
    "void_after: 30m\n"
    "products:\n"
    "  container: {settle: hourly, skus: {s: {payg: {price: '3', per: hour}}}}\n"
    "  storage: {settle: hourly, skus: {f: {payg: {price: '0.02', per: GiB-day}, free: 40}}}\n";

static struct str text(struct frame_log *log, const char *stem, uint32_t number)
{
    struct str copy = arena_copy(&log->memory, str_of(stem));
    char *at = arena_take(&log->memory, copy.size + 1u);
    memcpy(at, copy.at, copy.size);
    at[copy.size] = (char)('0' + number);
    return (struct str){at, copy.size + 1};
}

static struct str account(struct frame_log *log)
{
    return text(log, "a", random_below(&log->random, 2));
}

static struct str name_of_order(struct frame_log *log)
{
    return text(log, "o", random_below(&log->random, ORDERS));
}

static int64_t second(struct frame_log *log)
{
    return FRAME_LOG_BEGIN_S + random_below(&log->random, FRAME_LOG_HOURS * HOUR_S);
}

/* --- levels --- */

static bool segments_equal(const struct level_segment *a, const struct level_segment *b)
{
    return str_equal(a->sku, b->sku) && str_equal(a->order, b->order) && a->quantity == b->quantity;
}

/* Apart or touching, in order of time; two that touch differ. */
static void add_segments(struct frame_log *log, struct level_row *row)
{
    struct level_segment *segments = arena_take(&log->memory, SEGMENTS_MAX * sizeof *segments);
    bool storage = row->product == PRODUCT_STORAGE;
    uint32_t at = 0, wanted = random_below(&log->random, SEGMENTS_MAX + 1);
    row->segments = segments;
    for (uint32_t i = 0; i < wanted && at < HOUR_S; i++) {
        struct level_segment *s = &segments[row->segment_count];
        *s = (struct level_segment){.quantity = 1 + random_below(&log->random, storage ? 80 : 3)};
        at += random_below(&log->random, 2) ? random_below(&log->random, 1200) : 0;
        if (at >= HOUR_S)
            break;
        uint32_t length = random_below(&log->random, 3) ? 1 + random_below(&log->random, 2000) : HOUR_S;
        s->from_s = (uint16_t)at;
        s->len_s = (uint16_t)(length > HOUR_S - at ? HOUR_S - at : length);
        at += s->len_s;
        if (!storage) {
            s->sku = random_below(&log->random, 4) ? STR("s") : STR("t");
            s->order = random_below(&log->random, 3) ? name_of_order(log) : (struct str){0};
        }
        const struct level_segment *last = row->segment_count > 0 ? s - 1 : NULL;
        if (last == NULL || last->from_s + last->len_s < s->from_s || !segments_equal(last, s))
            row->segment_count++;
    }
}

static struct level_row random_level(struct frame_log *log)
{
    static const enum product products[] = {PRODUCT_CONTAINER, PRODUCT_CONTAINER, PRODUCT_CONTAINER,
                                            PRODUCT_NODE, PRODUCT_STORAGE};
    struct level_row row = {
        .product = products[random_below(&log->random, 5)],
        .account = account(log),
        .hour_s = time_hour(second(log)),
    };
    bool storage = row.product == PRODUCT_STORAGE;
    row.resource = storage ? STR("*") : text(log, "r", random_below(&log->random, RESOURCES));
    row.sku = storage ? STR("f") : (struct str){0};
    add_segments(log, &row);
    return row;
}

/* --- counts and facts --- */

static struct count_sum random_sum(struct frame_log *log)
{
    static const enum meter meters[] = {METER_INPUT_TOKENS, METER_INPUT_TOKENS, METER_CACHED_INPUT_TOKENS,
                                        METER_CACHE_WRITE_TOKENS, METER_IMAGES};
    static const uint16_t seconds[] = {0, 1799, 1800, HOUR_S - 1};
    return (struct count_sum){meters[random_below(&log->random, 5)], seconds[random_below(&log->random, 4)],
                              1 + random_below(&log->random, 5000)};
}

/* Counts are said of closed hours only, so also of some before the first. */
static struct count_row random_count(struct frame_log *log, int64_t closed_s)
{
    int64_t first_s = FRAME_LOG_BEGIN_S - LATE_HOURS * HOUR_S;
    struct count_sum *sum = arena_take(&log->memory, sizeof *sum);
    *sum = random_sum(log);
    return (struct count_row){
        .product = PRODUCT_MAAS,
        .account = account(log),
        .resource = text(log, "e", random_below(&log->random, 2)),
        .sku = random_below(&log->random, 5) ? STR("m") : STR("n"),
        .hour_s = first_s + HOUR_S * random_below(&log->random, (uint32_t)((closed_s - first_s) / HOUR_S)),
        .replaces = random_below(&log->random, 8) == 0,
        .sums = sum,
        .sum_count = 1,
    };
}

/* Identities repeat, and now and then a sender gives one to two events: the first to come counts. */
static struct fact random_fact(struct frame_log *log)
{
    uint32_t number = random_below(&log->random, FACT_IDS);
    struct random own = random_of(number + 1 + (random_below(&log->random, 5) == 0 ? FACT_IDS : 0));
    static const enum record_kind kinds[] = {
        RECORD_ORDER_PAID,      RECORD_ORDER_PAID,     RECORD_ORDER_PAID,  RECORD_ORDER_FULFILLED,
        RECORD_ORDER_FULFILLED, RECORD_ORDER_REFUNDED, RECORD_ORDER_FAILED};
    struct record record = {
        .kind = kinds[random_below(&own, 7)],
        .product = PRODUCT_NONE,
        .account = text(log, "a", number % 2),
        .subject = text(log, "o", random_below(&own, ORDERS)),
        .source = STR("/p"),
        .id = text(log,
                   number / 10 == 0   ? "i"
                   : number / 10 == 1 ? "j"
                   : number / 10 == 2 ? "k"
                                      : "l",
                   number % 10),
        .time_us = (FRAME_LOG_BEGIN_S + random_below(&own, FRAME_LOG_HOURS * HOUR_S)) * SECOND_US +
                   random_below(&own, SECOND_US),
    };
    record.since_us = record.time_us;
    if (record.kind == RECORD_ORDER_PAID) {
        record.product = random_below(&own, 5) ? PRODUCT_CONTAINER : PRODUCT_NODE;
        record.sku = random_below(&own, 4) ? STR("s") : STR("t");
        record.quantity = 1 + random_below(&own, 4);
        record.months = 1 + random_below(&own, 2);
    }
    return (struct fact){.record = record};
}

/* Few payments, repeated under new ids and in other currencies: the first of each kind counts. */
static struct fact random_payment(struct frame_log *log)
{
    struct record record = {
        .kind = random_below(&log->random, 3) ? RECORD_CREDITED : RECORD_DEBITED,
        .product = PRODUCT_NONE,
        .account = account(log),
        .subject = text(log, "p", random_below(&log->random, PAYMENTS)),
        .source = STR("/p"),
        .id = text(log, "q", random_below(&log->random, 10)),
        .time_us = second(log) * SECOND_US,
        .amount = random_below(&log->random, 2) ? STR("12.50") : STR("0.000000000001"),
        .currency = random_below(&log->random, 3) ? STR("USD") : STR("EUR"),
    };
    record.since_us = record.time_us;
    record.for_bill = record.kind == RECORD_CREDITED && random_below(&log->random, 3) == 0;
    return (struct fact){.record = record};
}

static struct fact catalog_fact(enum control_kind control, int64_t from_s, const char *yaml)
{
    return (struct fact){.control = control, .catalog = {from_s, str_of(yaml)}};
}

void frame_log_make(struct frame_log *log, uint64_t seed, uint32_t length)
{
    *log = (struct frame_log){.random = random_of(seed)};
    int64_t now_us = FRAME_LOG_BEGIN_S * SECOND_US, hours_us = (int64_t)FRAME_LOG_HOURS * HOUR_S * SECOND_US;
    CHECK(length > 2);
    for (uint32_t i = 0; i < length; i++) {
        struct said said = {.kind = SAID_FACT};
        uint32_t what = random_below(&log->random, 11);
        if (i < 2)
            said.fact = catalog_fact(i == 0 ? CONTROL_INIT : CONTROL_CATALOG,
                                     i == 0 ? INT64_MIN : FRAME_LOG_BEGIN_S + 3 * HOUR_S,
                                     i == 0 ? first_catalog : second_catalog);
        else if (what < 5)
            said.kind = SAID_LEVEL, said.level = random_level(log);
        else if (what < 7)
            said.kind = SAID_COUNT;
        else
            said.fact = what < 10 ? random_fact(log) : random_payment(log);
        if (random_below(&log->random, 3) == 0)
            now_us += (int64_t)(random_next(&log->random) % (uint64_t)(PACE * hours_us / length));
        said.watermark_us = now_us;
        said.closed_s = time_hour(time_second(now_us));
        if (said.kind == SAID_COUNT)
            said.count = random_count(log, said.closed_s);
        vec_push(&log->list, said);
    }
}

void frame_log_release(struct frame_log *log)
{
    arena_release(&log->memory);
    vec_release(&log->list);
    vec_release(&log->frames);
}

/* --- cutting --- */

/* All that an epoch says; a level or a count says a resource's hour once, as it is at the epoch's end. */
struct epoch {
    struct level_row *levels;
    struct count_row *counts;
    struct fact *facts;
    uint32_t level_count;
    uint32_t count_count;
    uint32_t fact_count;
};

static uint32_t put_level(struct epoch *epoch, const struct level_row *row)
{
    uint32_t i = 0;
    for (; i < epoch->level_count; i++)
        if (epoch->levels[i].product == row->product && epoch->levels[i].hour_s == row->hour_s &&
            str_equal(epoch->levels[i].account, row->account) &&
            str_equal(epoch->levels[i].resource, row->resource))
            break;
    epoch->levels[i] = *row;
    epoch->level_count += i == epoch->level_count;
    return i;
}

static bool sum_before(const struct count_sum *a, const struct count_sum *b)
{
    return a->meter != b->meter ? a->meter < b->meter : a->from_s < b->from_s;
}

/* Adds the sum to the row's, in order of meter and second. */
static void merge_sum(struct frame_log *log, struct count_row *row, struct count_sum sum)
{
    struct count_sum *sums = arena_take(&log->memory, (row->sum_count + 1u) * sizeof *sums);
    uint32_t i = 0;
    while (i < row->sum_count && sum_before(&row->sums[i], &sum))
        i++;
    bool same = i < row->sum_count && !sum_before(&sum, &row->sums[i]);
    memcpy(sums, row->sums, row->sum_count * sizeof *sums);
    if (same) {
        sums[i].sum += sum.sum;
    } else {
        memmove(sums + i + 1, sums + i, (row->sum_count - i) * sizeof *sums);
        sums[i] = sum;
        row->sum_count++;
    }
    row->sums = sums;
}

static uint32_t put_count(struct frame_log *log, struct epoch *epoch, const struct count_row *row)
{
    uint32_t i = 0;
    for (; i < epoch->count_count; i++)
        if (epoch->counts[i].hour_s == row->hour_s && str_equal(epoch->counts[i].account, row->account) &&
            str_equal(epoch->counts[i].resource, row->resource) && str_equal(epoch->counts[i].sku, row->sku))
            break;
    if (i == epoch->count_count || row->replaces)
        epoch->counts[i] = *row;
    else
        merge_sum(log, &epoch->counts[i], row->sums[0]);
    epoch->count_count += i == epoch->count_count;
    return i;
}

static struct epoch make_epoch(struct frame_log *log, uint32_t from, uint32_t to)
{
    struct epoch epoch = {
        .levels = arena_take(&log->memory, (to - from) * sizeof(struct level_row)),
        .counts = arena_take(&log->memory, (to - from) * sizeof(struct count_row)),
        .facts = arena_take(&log->memory, (to - from) * sizeof(struct fact)),
    };
    for (uint32_t i = from; i < to; i++) {
        struct said *said = &log->list.at[i];
        if (said->kind == SAID_LEVEL)
            said->row = put_level(&epoch, &said->level);
        else if (said->kind == SAID_COUNT)
            said->row = put_count(log, &epoch, &said->count);
        else
            epoch.facts[said->row = epoch.fact_count++] = said->fact;
    }
    return epoch;
}

/* Which of `frames` says each thing: facts before all rows, in order, from the first frame on. */
static void deal(struct frame_log *log, uint32_t from, uint32_t to, uint32_t frames)
{
    uint32_t facts_end = 0;
    bool any = false;
    for (uint32_t i = from; i < to; i++) {
        struct said *said = &log->list.at[i];
        if (said->kind != SAID_FACT)
            continue;
        facts_end = any ? facts_end + random_below(&log->random, frames - facts_end) : 0;
        any = true;
        said->frame = facts_end;
    }
    for (uint32_t i = from; i < to; i++) {
        struct said *said = &log->list.at[i];
        if (said->kind == SAID_FACT)
            continue;
        said->frame = facts_end + random_below(&log->random, frames - facts_end);
        for (uint32_t j = from; j < i; j++)
            if (log->list.at[j].kind == said->kind && log->list.at[j].row == said->row)
                said->frame = log->list.at[j].frame;
    }
}

/* Frame `number` of the epoch. */
static struct frame make_frame(struct frame_log *log, const struct epoch *epoch, uint32_t from, uint32_t to,
                               uint32_t number)
{
    struct level_row *levels = arena_take(&log->memory, (epoch->level_count + 1u) * sizeof *levels);
    struct count_row *counts = arena_take(&log->memory, (epoch->count_count + 1u) * sizeof *counts);
    struct fact *facts = arena_take(&log->memory, (epoch->fact_count + 1u) * sizeof *facts);
    struct frame frame = {.levels = levels, .counts = counts, .facts = facts};
    for (uint32_t i = from; i < to; i++) {
        const struct said *said = &log->list.at[i];
        bool again = false;
        for (uint32_t j = from; j < i; j++)
            again |= log->list.at[j].kind == said->kind && log->list.at[j].row == said->row;
        if (said->frame != number || again)
            continue;
        if (said->kind == SAID_LEVEL)
            levels[frame.level_count++] = epoch->levels[said->row];
        else if (said->kind == SAID_COUNT)
            counts[frame.count_count++] = epoch->counts[said->row];
        else
            facts[frame.fact_count++] = epoch->facts[said->row];
    }
    return frame;
}

static void cut_epoch(struct frame_log *log, uint32_t from, uint32_t to, uint32_t frames)
{
    bool last = to == log->list.count;
    int64_t end_s = FRAME_LOG_BEGIN_S + FRAME_LOG_END_HOURS * HOUR_S;
    int64_t closed_s = log->frames.count == 0 ? INT64_MIN : log->frames.at[log->frames.count - 1].closed_s;
    struct epoch epoch = make_epoch(log, from, to);
    deal(log, from, to, frames);
    for (uint32_t k = 0; k < frames; k++) {
        struct frame frame = make_frame(log, &epoch, from, to, k);
        frame.seq = log->frames.count;
        frame.rules_number = 1;
        frame.more = k + 1 < frames;
        frame.watermark_us = last ? end_s * SECOND_US : log->list.at[to - 1].watermark_us;
        frame.closed_s = frame.more ? closed_s : last ? end_s : log->list.at[to - 1].closed_s;
        memcpy(frame.hash, &frame.seq, sizeof frame.seq);
        vec_push(&log->frames, frame);
    }
    for (uint32_t i = from; i < to; i++)
        log->list.at[i].frame += log->frames.count - frames;
}

void frame_log_cut(struct frame_log *log, uint32_t longest, uint32_t frames_max)
{
    vec_clear(&log->frames);
    for (uint32_t from = 0; from < log->list.count;) {
        uint32_t to = from + 1 + random_below(&log->random, longest);
        if (to > log->list.count)
            to = log->list.count;
        cut_epoch(log, from, to, 1 + random_below(&log->random, frames_max));
        from = to;
    }
}
