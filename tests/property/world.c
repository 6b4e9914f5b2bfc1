#include "tests/property/world.h"

#include <stdio.h>

#include "collectors/core/simulate.h"
#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"

static const char catalog[] =
    "currency: USD\nvoid_after: 90m\nproducts:\n"
    "  container:\n    settle: hourly\n    liveness: 1800\n    skus:\n"
    "      a: {payg: {price: '2.50', per: hour}, subscription: {price: '1200', per: month}}\n"
    "      b: {payg: [{price: '1', per: minute}, {from: 2026-11-01T02:20:00Z, price: '3', per: minute}]}\n"
    "  node:\n    settle: hourly\n    skus:\n      a: {payg: {price: '0.000011', per: second}}\n      b: {}\n"
    "  storage: {settle: hourly, skus: {standard: {payg: {price: '0.0002', per: GB-hour}, free: 20GB}}}\n"
    "  maas: {settle: cycle, skus: {a: {input_tokens: {price: '0.6', per: 1M}, images: {price: '0.04', per: "
    "1}}}}\n";

static const int64_t begin_s = 1793491200; /* 2026-11-01 */

/* --- events --- */

static const char *pick(struct random *random, const char *const *list, uint32_t count)
{
    return list[random_below(random, count)];
}

static struct str name_of(struct world *world, struct random *random, const char *prefix, uint32_t count)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%s%u", prefix, random_below(random, count));
    return arena_copy(&world->strings.strings, (struct str){text, (uint32_t)size});
}

static void fill_lifecycle(struct world *world, struct random *random, struct record *record, bool orders)
{
    static const char *const skus[] = {"a", "b"};
    record->product = random_below(random, 3) > 0 ? PRODUCT_CONTAINER : PRODUCT_NODE;
    record->subject = name_of(world, random, "r", 4);
    if (record->kind == RECORD_LAUNCHED || record->kind == RECORD_RECONFIGURED) {
        record->sku = str_of(pick(random, skus, 2));
        record->quantity = 1 + random_below(random, 3);
    }
    if (record->kind == RECORD_LAUNCHED && orders && random_below(random, 2) == 0)
        record->order = name_of(world, random, "o", 3);
    if (record->kind == RECORD_FAILED)
        record->since_us -= random_below(random, 4) * 900 * (int64_t)SECOND_US;
}

static void fill_other(struct world *world, struct random *random, struct record *record)
{
    if (record->kind == RECORD_STORAGE_USED || record->kind == RECORD_STORAGE_DELETED) {
        record->product = PRODUCT_STORAGE;
        record->subject = name_of(world, random, "fs", 3);
        record->sku = STR("standard");
        record->bytes = random_below(random, 40) * (int64_t)1000000000;
    } else if (record->kind == RECORD_TOKENS || record->kind == RECORD_IMAGES) {
        record->product = PRODUCT_MAAS;
        record->subject = STR("endpoint");
        record->sku = random_below(random, 4) > 0 ? STR("a") : STR("nope");
        record->input_tokens = random_below(random, 1000);
        record->images = record->succeeded = record->kind == RECORD_IMAGES;
        record->input_tokens *= record->kind == RECORD_TOKENS;
    } else {
        record->product = record->kind == RECORD_ORDER_PAID ? PRODUCT_CONTAINER : PRODUCT_NONE;
        record->subject = name_of(world, random, "o", 3);
        record->sku = record->kind == RECORD_ORDER_PAID ? STR("a") : STR("");
        record->quantity = record->kind == RECORD_ORDER_PAID ? 1 + random_below(random, 2) : 0;
        record->months = record->kind == RECORD_ORDER_PAID;
    }
}

static struct record make_record(struct world *world, struct random *random, struct world_kind kind,
                                 int number)
{
    enum record_kind kinds = kind.orders ? RECORD_CREDITED : RECORD_ORDER_PAID; /* payments move no line */
    char id[16];
    int size = snprintf(id, sizeof id, "%d", number);
    /* Few instants, so that ties and exact gaps happen. */
    int64_t second_s = begin_s + random_below(random, (uint32_t)kind.hours * 12) * 300;
    struct record record = {
        .kind = (enum record_kind)random_below(random, kinds),
        .account = name_of(world, random, "account", 3),
        .source = random_below(random, 2) ? STR("/x") : STR("/y"),
        .id = arena_copy(&world->strings.strings, (struct str){id, (uint32_t)size}),
        .time_us = second_s * SECOND_US + random_below(random, 2) * 999999,
        .sku = STR(""),
        .order = STR(""),
        .amount = STR(""),
        .currency = STR(""),
    };
    record.since_us = record.time_us;
    if (record.kind <= RECORD_DELETED)
        fill_lifecycle(world, random, &record, kind.orders);
    else
        fill_other(world, random, &record);
    return record;
}

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->arrives_us != y->arrives_us)
        return x->arrives_us < y->arrives_us ? -1 : 1;
    return str_compare(x->record.id, y->record.id);
}

void world_make(struct world *world, struct random *random, struct world_kind kind)
{
    for (int i = 0; i < kind.events; i++) {
        struct record record = make_record(world, random, kind, i);
        bool on_time = record.kind == RECORD_HEARTBEAT && !kind.late_heartbeats;
        int64_t late_s = on_time || kind.late_s == 0 || random_below(random, 3) > 0
                             ? 0
                             : random_below(random, (uint32_t)kind.late_s);
        vec_push(&world->arrivals, (struct arrival){record, record.time_us + late_s * SECOND_US});
    }
    qsort(world->arrivals.at, world->arrivals.count, sizeof *world->arrivals.at, compare_arrivals);
}

void world_shuffle(struct world *world, struct random *random)
{
    for (uint32_t i = world->arrivals.count; i > 1; i--) {
        uint32_t j = random_below(random, i);
        struct arrival kept = world->arrivals.at[i - 1];
        world->arrivals.at[i - 1] = world->arrivals.at[j];
        world->arrivals.at[j] = kept;
    }
}

void world_repeat(struct world *world, struct random *random)
{
    uint32_t count = world->arrivals.count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i + random_below(random, world->arrivals.count - i);
        struct arrival again = world->arrivals.at[i];
        if (random_below(random, 3) == 0)
            vec_insert(&world->arrivals, at + 1, again);
    }
}

void world_release(struct world *world)
{
    batch_release(&world->strings);
    vec_release(&world->arrivals);
}

/* --- byte strings --- */

void byte_list_add(struct byte_list *list, const struct packer *bytes)
{
    pack_raw(&list->bytes, bytes->bytes.at, bytes->bytes.count);
    vec_push(&list->ends, list->bytes.bytes.count);
}

struct str byte_list_at(const struct byte_list *list, uint32_t i)
{
    uint32_t from = i == 0 ? 0 : list->ends.at[i - 1];
    return (struct str){list->bytes.bytes.at + from, list->ends.at[i] - from};
}

void byte_list_release(struct byte_list *list)
{
    vec_release(&list->bytes.bytes);
    vec_release(&list->ends);
}

static int compare_strings(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

void byte_list_sort(struct byte_list *list)
{
    VEC(struct str) strings = {0};
    struct byte_list sorted = {0};
    for (uint32_t i = 0; i < list->ends.count; i++)
        vec_push(&strings, byte_list_at(list, i));
    if (strings.count > 0)
        qsort(strings.at, strings.count, sizeof *strings.at, compare_strings);
    for (uint32_t i = 0; i < strings.count; i++) {
        pack_raw(&sorted.bytes, strings.at[i].at, strings.at[i].size);
        vec_push(&sorted.ends, sorted.bytes.bytes.count);
    }
    vec_release(&strings);
    byte_list_release(list);
    *list = sorted;
}

bool byte_list_equal(const struct byte_list *a, const struct byte_list *b)
{
    struct str x = {a->bytes.bytes.at, a->bytes.bytes.count}, y = {b->bytes.bytes.at, b->bytes.bytes.count};
    return a->ends.count == b->ends.count && str_equal(x, y);
}

/* --- the log --- */

static void take_message(void *context, uint32_t partition, const struct message *message)
{
    struct log *log = context;
    struct packer bytes = {0};
    usage_encode(message, &bytes);
    byte_list_add(&log->messages[partition], &bytes);
    uint32_t before = log->arrived[partition].count == 0
                          ? 0
                          : log->arrived[partition].at[log->arrived[partition].count - 1];
    vec_push(&log->arrived[partition], before + message->record_count);
    vec_release(&bytes.bytes);
}

/* A control message names the one before. */
static void take_control(struct log *log, uint32_t partition, struct message *message,
                         uint8_t last_hash[DIGEST_SIZE])
{
    memcpy(message->origin.prev_hash, last_hash, DIGEST_SIZE);
    take_message(log, partition, message);
    struct str bytes = byte_list_at(&log->messages[partition], log->messages[partition].ends.count - 1);
    digest_of(bytes.at, bytes.size, last_hash);
}

static struct rules rules_for(const struct world *world)
{
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    if (world->horizon_us > 0)
        rules.lifecycle_horizon_us = rules.report_horizon_us = world->horizon_us;
    if (world->frame_rows > 0)
        rules.frame_rows = world->frame_rows;
    return rules;
}

static void take_controls(struct log *log, const struct world *world)
{
    struct str first = world->catalog.size > 0 ? world->catalog : STR(catalog);
    struct message init = {.control = CONTROL_INIT, .rules = rules_for(world), .catalog = {INT64_MIN, first}};
    struct message later = {.control = CONTROL_CATALOG,
                            .catalog = {world->later_from_s, world->later_catalog}};
    init.feed = later.feed = init.origin.by = later.origin.by = STR("");
    for (uint32_t p = 0; p < log->partitions; p++) {
        uint8_t last_hash[DIGEST_SIZE] = {0};
        take_control(log, p, &init, last_hash);
        if (world->later_catalog.size > 0)
            take_control(log, p, &later, last_hash);
    }
}

void log_make(struct log *log, const struct world *world, uint32_t count, uint32_t partitions,
              int64_t until_s)
{
    struct rules rules = rules_for(world);
    struct simulate_config config = {.partitions = partitions,
                                     .epoch_us = rules.epoch_us,
                                     .delay_us = rules.delay_us,
                                     .until_s = until_s,
                                     .feed = STR("test"),
                                     .sink = take_message,
                                     .context = log};
    *log = (struct log){.partitions = partitions};
    take_controls(log, world);
    struct simulation *simulation = simulation_new(&config);
    for (uint32_t i = 0; i < count; i++)
        simulation_add(simulation, &world->arrivals.at[i].record);
    log->until_s = until_s != INT64_MAX ? until_s : simulation_default_until_s(simulation);
    simulation_end(simulation, log->until_s);
    simulation_free(simulation);
}

/* One message; its clocks agree. */
static void take_live(struct log *log, const struct batch *batch, int64_t clock_us)
{
    const struct message message = {.clock_us = clock_us,
                                    .feed = STR("test"),
                                    .records = batch->records.at,
                                    .record_count = batch->records.count};
    take_message(log, 0, &message);
}

void log_make_live(struct log *log, const struct world *world, uint32_t count, int64_t end_us)
{
    static const int64_t ticks_us[] = {4, 30, 75, 1800, 7200};
    struct batch batch = {0};
    int64_t epoch_us = rules_for(world).epoch_us;
    *log = (struct log){.partitions = 1, .until_s = INT64_MAX};
    take_controls(log, world);
    for (uint32_t i = 0; i < count; i++) {
        int64_t at_us = world->arrivals.at[i].arrives_us;
        int64_t next_us = i + 1 < count ? world->arrivals.at[i + 1].arrives_us : end_us;
        batch_add(&batch, &world->arrivals.at[i].record);
        if (next_us / epoch_us == at_us / epoch_us)
            continue;
        take_live(log, &batch, at_us);
        batch_clear(&batch);
        for (size_t t = 0; t < sizeof ticks_us / sizeof *ticks_us; t++)
            if (at_us + ticks_us[t] * SECOND_US < next_us)
                take_live(log, &batch, at_us + ticks_us[t] * SECOND_US);
    }
    take_live(log, &batch, end_us);
    batch_release(&batch);
}

void log_release(struct log *log)
{
    for (uint32_t p = 0; p < log->partitions; p++) {
        byte_list_release(&log->messages[p]);
        vec_release(&log->arrived[p]);
    }
}

void log_say(struct fold *fold, struct byte_list *frames)
{
    struct frame_writer writer = {0};
    struct packer bytes = {0};
    const struct frame *frame;
    while ((frame = fold_next_frame(fold)) != NULL) {
        uint8_t hash[FRAME_HASH_SIZE];
        vec_clear(&bytes.bytes);
        frame_encode(&writer, frame, &bytes, hash);
        fold_hashed(fold, hash);
        byte_list_add(frames, &bytes);
    }
    frame_writer_release(&writer);
    vec_release(&bytes.bytes);
}

void log_fold(const struct log *log, uint32_t partition, struct fold *fold, uint32_t from,
              struct byte_list *frames)
{
    struct usage_records records = {0};
    for (uint32_t i = from; i < log->messages[partition].ends.count; i++) {
        struct message message;
        CHECK(usage_decode(byte_list_at(&log->messages[partition], i), &records, &message) == DECODE_OK);
        message.offset = i;
        message.append_us = message.clock_us;
        enum fold_outcome outcome = fold_apply(fold, &message);
        CHECK(outcome == FOLD_EPOCH_OPEN || outcome == FOLD_EPOCH_DUE);
        if (outcome != FOLD_EPOCH_DUE)
            continue;
        fold_close_epoch(fold);
        log_say(fold, frames);
    }
    usage_records_release(&records);
}

/* --- outcomes --- */

void outcome_init(struct outcome *outcome)
{
    *outcome = (struct outcome){0};
    settlement_init(&outcome->settlement);
    outcome->rows = calloc(1, sizeof *outcome->rows);
    CHECK(outcome->rows != NULL);
}

/* Whether an earlier frame charged the order that this line voids. */
static bool was_charged(const struct book *book, const struct line_key *void_key, uint32_t known,
                        const struct settled *before)
{
    for (uint32_t i = 0; i < known; i++) {
        const struct line_key *key = &book->lines.at[book->hours.at[i].line].key;
        if (key->kind == CHARGE_SUBSCRIPTION && key->account == void_key->account &&
            key->resource == void_key->resource && before[i].ever)
            return true;
    }
    return false;
}

static void count_row(struct outcome *outcome, const struct frame *frame, const struct settled_row *row,
                      uint32_t known, const struct settled *before, bool quiet)
{
    const struct book *book = &outcome->settlement.book;
    const struct line_hour *hour = &book->hours.at[row->hour];
    const struct line_key *key = &book->lines.at[hour->line].key;
    if (key->kind == CHARGE_VOID && hour->settled.exists)
        outcome->late_voids += was_charged(book, key, known, before);
    if (row->hour >= known || !before[row->hour].ever)
        return;
    outcome->corrections++;
    outcome->far_corrections += frame->watermark_us / SECOND_US - hour->hour_s > 48 * HOUR_S;
    outcome->silences +=
        quiet && hour->settled.units < before[row->hour].units && frame->closed_s - hour->hour_s > 2 * HOUR_S;
}

void outcome_take(struct outcome *outcome, struct str bytes)
{
    struct frame frame;
    CHECK(frame_decode(bytes, outcome->rows, &frame) == DECODE_OK);
    const struct book *book = &outcome->settlement.book;
    uint32_t known = book->hours.count;
    VEC(struct settled) before = {0};
    for (uint32_t i = 0; i < known; i++)
        vec_push(&before, book->hours.at[i].settled);
    CHECK(settle_frame(&outcome->settlement, &frame) == SETTLED);
    bool quiet = frame.counters.records_in == 0 && !frame.more && !outcome->in_epoch;
    outcome->in_epoch = frame.more;
    for (uint32_t i = 0; i < outcome->settlement.rows.count; i++) {
        const struct line_hour *hour = &book->hours.at[outcome->settlement.rows.at[i].hour];
        quiet = quiet && book->lines.at[hour->line].key.kind == CHARGE_USAGE;
    }
    for (uint32_t i = 0; i < outcome->settlement.rows.count; i++)
        count_row(outcome, &frame, &outcome->settlement.rows.at[i], known, before.at, quiet);
    vec_release(&before);
}

static void collect(void *context, struct packer *out)
{
    pack_raw(context, out->bytes.at, out->bytes.count);
    vec_clear(&out->bytes);
}

void outcome_lines(struct outcome *outcome, int64_t before_s, struct byte_list *lines)
{
    struct packer out = {0}, text = {0};
    char before[TIME_TEXT_SIZE];
    time_print(before_s, before);
    settlement_print(&outcome->settlement, SHEET_NDJSON, &out, collect, &text);
    for (uint32_t from = 0; from < text.bytes.count;) {
        const char *end = memchr(text.bytes.at + from, '\n', text.bytes.count - from);
        uint32_t size = (uint32_t)(end - (text.bytes.at + from)) + 1;
        const char *hour = memmem(text.bytes.at + from, size, "\"hour\":\"", 8);
        if (memcmp(hour + 8, before, 20) < 0) {
            pack_raw(&lines->bytes, text.bytes.at + from, size);
            vec_push(&lines->ends, lines->bytes.bytes.count);
        }
        from += size;
    }
    vec_release(&out.bytes);
    vec_release(&text.bytes);
}

void outcome_release(struct outcome *outcome)
{
    settlement_release(&outcome->settlement);
    frame_rows_release(outcome->rows);
    free(outcome->rows);
}
