#include "cli/catalog_spread.h"

#include <time.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "lib/io/process.h"

enum { POLL_MS = 100 };

static bool time_left(int64_t deadline_s)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < deadline_s && !process_stopping();
}

/* --- writing --- */

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    (void)context;
    struct spread_partition *partition = tag;
    if (!delivery->failed)
        partition->offset = delivery->offset;
}

static void encode(const struct spread *spread, uint32_t partition, struct packer *bytes)
{
    struct message message = {
        .control = CONTROL_CATALOG, .origin = spread->origin, .feed = STR(""), .catalog = spread->catalog};
    memcpy(message.origin.prev_hash, spread->log->of[partition].last_hash, CONTROL_HASH_SIZE);
    vec_clear(&bytes->bytes);
    usage_encode(&message, bytes);
}

static enum error_class send_all(const struct spread *spread, struct kafka_producer *producer,
                                 struct spread_partition *partitions, int64_t deadline_s, struct error *error)
{
    struct packer bytes = {0};
    enum error_class class = ERROR_NONE;
    for (uint32_t p = 0; p < spread->log->partitions && class == ERROR_NONE;) {
        encode(spread, p, &bytes);
        struct log_record record = {.topic = spread->topics->records,
                                    .partition = p,
                                    .value = {bytes.bytes.at, bytes.bytes.count},
                                    .tag = &partitions[p]};
        class = partitions[p].written ? kafka_send(producer, &record, error) : ERROR_NONE;
        if (class == ERROR_NONE)
            p++;
        else if (class == ERROR_RETRY && time_left(deadline_s))
            class = kafka_producer_poll(producer, POLL_MS, error);
    }
    while (class == ERROR_NONE && kafka_producer_pending(producer) > 0 && time_left(deadline_s))
        class = kafka_producer_poll(producer, POLL_MS, error);
    vec_release(&bytes.bytes);
    return class;
}

static enum error_class write_missing(const struct spread *spread, struct spread_partition *partitions,
                                      int64_t deadline_s, struct error *error)
{
    struct kafka_producer_config config = {
        .brokers = spread->brokers, .client_id = "hourglass-catalog", .delivered = on_delivered};
    struct kafka_producer *producer = kafka_producer_new(&config, error);
    if (producer == NULL)
        return error->class;
    enum error_class class = send_all(spread, producer, partitions, deadline_s, error);
    kafka_producer_free(producer);
    return class;
}

/* --- waiting --- */

struct wait {
    const struct spread *spread;
    struct spread_partition *partitions;
    struct frame_rows rows;
    uint32_t missing;
};

static void look_at(struct wait *wait, const struct log_message *message)
{
    struct spread_partition *partition = &wait->partitions[message->partition];
    struct frame frame;
    if (partition->shown || partition->offset < 0 ||
        frame_decode(message->value, &wait->rows, &frame) != DECODE_OK)
        return;
    const struct catalog_text *wanted = &wait->spread->catalog;
    for (uint32_t i = 0; i < frame.fact_count && !partition->shown; i++) {
        const struct fact *fact = &frame.facts[i];
        partition->shown = fact->control == CONTROL_CATALOG && fact->catalog.from_s == wanted->from_s &&
                           str_equal(fact->catalog.text, wanted->text);
    }
    wait->missing -= partition->shown;
}

static enum error_class wait_for_frames(struct wait *wait, struct kafka_reader *reader, int64_t deadline_s,
                                        struct error *error)
{
    while (wait->missing > 0 && time_left(deadline_s)) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(reader, POLL_MS, &message, error);
        if (got == LOG_GOT_ERROR && error->class != ERROR_RETRY)
            return error->class;
        if (got != LOG_GOT_MESSAGE)
            continue;
        if (message.partition < wait->spread->log->partitions)
            look_at(wait, &message);
        kafka_message_release(&message);
    }
    return ERROR_NONE;
}

/* What is written now stands in frames that do not exist yet; what was there may be in any. */
static enum error_class find_begins(const struct spread *spread, struct kafka_reader *reader,
                                    const struct spread_partition *partitions, struct log_position *positions,
                                    struct error *error)
{
    enum error_class class = ERROR_NONE;
    for (uint32_t p = 0; p < spread->log->partitions && class == ERROR_NONE; p++) {
        int64_t low = 0, high = 0;
        class = kafka_offsets(reader, spread->topics->frames, p, &low, &high, error);
        positions[p] = (struct log_position){spread->topics->frames, p, partitions[p].written ? high : low};
    }
    return class;
}

enum error_class spread_catalog(const struct spread *spread, struct kafka_reader *reader,
                                struct spread_partition *partitions, struct error *error)
{
    uint32_t count = spread->log->partitions;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t deadline_s = now.tv_sec + spread->timeout_s;
    for (uint32_t p = 0; p < count; p++) {
        const struct logged_catalog *there = catalog_log_find(spread->log, p, spread->catalog.from_s);
        bool same = there != NULL && str_equal(catalog_log_text(spread->log, there), spread->catalog.text);
        partitions[p] = (struct spread_partition){.offset = same ? there->offset : -1, .written = !same};
    }
    struct log_position *positions = calloc(count, sizeof *positions);
    struct wait wait = {.spread = spread, .partitions = partitions, .missing = count};
    CHECK(positions != NULL);
    enum error_class class = find_begins(spread, reader, partitions, positions, error);
    if (class == ERROR_NONE)
        class = write_missing(spread, partitions, deadline_s, error);
    if (class == ERROR_NONE)
        class = kafka_reader_assign(reader, positions, count, error);
    if (class == ERROR_NONE)
        class = wait_for_frames(&wait, reader, deadline_s, error);
    frame_rows_release(&wait.rows);
    free(positions);
    return class;
}
