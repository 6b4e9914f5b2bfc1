#include "tests/support/frames.h"

#include <string.h>

#include "lib/base/check.h"
#include "lib/base/time.h"

enum { SEGMENTS_MAX = 4, RESOURCES = 4, ORDERS = 3, FACT_IDS = 40 };

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
    "          - {from: '2026-01-01T02:30:00Z', price: '0.7', per: 1K}\n";

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

static struct count_row random_count(struct frame_log *log)
{
    return (struct count_row){
        .account = account(log),
        .resource = text(log, "e", random_below(&log->random, 2)),
        .sku = random_below(&log->random, 5) ? STR("m") : STR("n"),
        .meter = random_below(&log->random, 5) ? METER_INPUT_TOKENS : METER_IMAGES,
        .second_s = second(log),
        .sum = 1 + random_below(&log->random, 5000),
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
        uint32_t what = random_below(&log->random, 10);
        if (i < 2)
            said.fact = catalog_fact(i == 0 ? CONTROL_INIT : CONTROL_CATALOG,
                                     i == 0 ? INT64_MIN : FRAME_LOG_BEGIN_S + 3 * HOUR_S,
                                     i == 0 ? first_catalog : second_catalog);
        else if (what < 5)
            said.kind = SAID_LEVEL, said.level = random_level(log);
        else if (what < 7)
            said.kind = SAID_COUNT, said.count = random_count(log);
        else
            said.fact = random_fact(log);
        if (random_below(&log->random, 3) == 0)
            now_us += (int64_t)(random_next(&log->random) % (uint64_t)(8 * hours_us / length));
        said.watermark_us = now_us;
        said.closed_s = time_hour(time_second(now_us));
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

/* A frame says a resource's hour once, as it is at the frame's end. */
static void put_level(struct level_row *levels, struct frame *frame, const struct level_row *row)
{
    for (uint32_t i = 0; i < frame->level_count; i++) {
        if (levels[i].product != row->product || levels[i].hour_s != row->hour_s ||
            !str_equal(levels[i].account, row->account) || !str_equal(levels[i].resource, row->resource))
            continue;
        levels[i] = *row;
        return;
    }
    levels[frame->level_count++] = *row;
}

static struct frame make_frame(struct frame_log *log, uint32_t from, uint32_t to)
{
    struct level_row *levels = arena_take(&log->memory, (to - from) * sizeof *levels);
    struct count_row *counts = arena_take(&log->memory, (to - from) * sizeof *counts);
    struct fact *facts = arena_take(&log->memory, (to - from) * sizeof *facts);
    struct frame frame = {
        .seq = log->frames.count,
        .rules_number = 1,
        .watermark_us = log->list.at[to - 1].watermark_us,
        .closed_s = log->list.at[to - 1].closed_s,
        .levels = levels,
        .counts = counts,
        .facts = facts,
    };
    memcpy(frame.hash, &frame.seq, sizeof frame.seq);
    for (uint32_t i = from; i < to; i++) {
        struct said *said = &log->list.at[i];
        said->frame = log->frames.count;
        if (said->kind == SAID_LEVEL)
            put_level(levels, &frame, &said->level);
        else if (said->kind == SAID_COUNT)
            counts[frame.count_count++] = said->count;
        else
            facts[frame.fact_count++] = said->fact;
    }
    return frame;
}

void frame_log_cut(struct frame_log *log, uint32_t longest)
{
    vec_clear(&log->frames);
    for (uint32_t from = 0; from < log->list.count;) {
        uint32_t to = from + 1 + random_below(&log->random, longest);
        if (to > log->list.count)
            to = log->list.count;
        struct frame frame = make_frame(log, from, to);
        if (to == log->list.count) {
            frame.closed_s = FRAME_LOG_BEGIN_S + (FRAME_LOG_HOURS + 12) * HOUR_S;
            frame.watermark_us = frame.closed_s * SECOND_US;
        }
        vec_push(&log->frames, frame);
        from = to;
    }
}
