#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "tests/simulation/strike.h"

/* So many messages of the partition are still to be fed at least, so that what was lost is missed. */
static bool more_comes(const struct house *house, uint32_t partition, uint32_t least)
{
    uint32_t count = 0;
    for (uint32_t i = house->fed; i < house->input->list.count && count < least; i++)
        count += house->input->list.at[i].partition == partition;
    return count >= least;
}

static struct log_range range_of(const struct house *house, const char *topic, uint32_t partition)
{
    struct log_range range = {.topic = topic, .partition = partition};
    memory_log_range(house->log, &range);
    return range;
}

/* One of the last `most` records of the partition. False: there are not so many. */
static bool one_of_last(const struct house *house, const char *topic, const struct planned *planned,
                        uint32_t most, struct log_position *out)
{
    struct log_range range = range_of(house, topic, planned->partition);
    int64_t back = 1 + (int64_t)(planned->value % most);
    *out = (struct log_position){topic, planned->partition, range.high - back};
    return out->offset >= range.low;
}

static void put(struct house *house, const char *topic, uint32_t partition, struct str value)
{
    memory_log_put(house->log, &(struct log_record){.topic = topic, .partition = partition, .value = value});
}

/* --- snapshots --- */

/* A record of a snapshot that stands in the partition. */
static bool some_piece(const struct house *house, const struct planned *planned, struct log_position *out)
{
    struct log_message message;
    *out = (struct log_position){house->topics.snapshots, planned->partition, 0};
    uint64_t count = 0;
    for (; memory_log_look(house->log, out, &message); out->offset = message.offset + 1)
        count += message.value.size > 0 && !str_equal(message.key, STR("generation"));
    uint64_t left = count == 0 ? 0 : 1 + planned->value % count;
    for (out->offset = 0; left > 0 && memory_log_look(house->log, out, &message);) {
        left -= message.value.size > 0 && !str_equal(message.key, STR("generation"));
        out->offset = left == 0 ? message.offset : message.offset + 1;
    }
    return count > 0;
}

bool strike_snapshot_missing(struct house *house, struct planned *planned)
{
    struct log_position at;
    return some_piece(house, planned, &at) && memory_log_remove(house->log, &at);
}

bool strike_snapshot_torn(struct house *house, struct planned *planned)
{
    struct log_position at;
    struct log_message message;
    return some_piece(house, planned, &at) && memory_log_look(house->log, &at, &message) &&
           memory_log_tear(house->log, &at, (uint32_t)(planned->value / 1024 % message.value.size));
}

bool strike_snapshot_flipped(struct house *house, struct planned *planned)
{
    struct log_position at;
    return some_piece(house, planned, &at) &&
           memory_log_flip(house->log, &at, (uint32_t)(planned->value / 1024));
}

bool strike_snapshot_spoiled(struct house *house, struct planned *planned)
{
    struct log_position at;
    return some_piece(house, planned, &at) && memory_log_spoil(house->log, &at);
}

bool strike_snapshots_compacted(struct house *house, struct planned *planned)
{
    memory_log_compact(house->log, house->topics.snapshots, planned->partition);
    return true;
}

/* --- usage.records --- */

/* A message in place of the generation's Init: a tick, rules of a later number, a catalog that does not
 * parse.
 */
bool strike_first_record_wrong(struct house *house, struct planned *planned)
{
    struct packer bytes = {0};
    struct message message = {.control = planned->value % 3 == 0 ? CONTROL_NONE : CONTROL_INIT,
                              .clock_us = planned->value % 3 == 0 ? 1 : 0,
                              .feed = STR(""),
                              .rules = rules_of(1, INT64_MAX, INT64_MAX),
                              .catalog = {INT64_MIN, STR("currency: [")}};
    message.origin.by = STR("");
    if (planned->value % 3 == 1)
        message.rules.number = 2;
    CHECK(house->fed == 0);
    usage_encode(&message, &bytes);
    put(house, house->topics.records, planned->partition, (struct str){bytes.bytes.at, bytes.bytes.count});
    vec_release(&bytes.bytes);
    return true;
}

bool strike_records_tail_lost(struct house *house, struct planned *planned)
{
    struct log_position from;
    return more_comes(house, planned->partition, 8) &&
           one_of_last(house, house->topics.records, planned, 6, &from) && from.offset > 2 &&
           memory_log_lose_tail(house->log, &from);
}

bool strike_records_deleted(struct house *house, struct planned *planned)
{
    struct log_position below;
    return one_of_last(house, house->topics.records, planned, 60, &below) && below.offset > 0 &&
           memory_log_delete_below(house->log, &below);
}

bool strike_record_spoiled(struct house *house, struct planned *planned)
{
    struct log_position at;
    return one_of_last(house, house->topics.records, planned, 60, &at) && memory_log_spoil(house->log, &at);
}

bool strike_record_missing(struct house *house, struct planned *planned)
{
    struct log_position at;
    return more_comes(house, planned->partition, 2) &&
           one_of_last(house, house->topics.records, planned, 20, &at) && memory_log_remove(house->log, &at);
}

/* Single-object encoding of a schema that nobody knows yet. */
static struct str of_later_schema(void)
{
    static const char bytes[] = "\xC3\x01later...and a body";
    return (struct str){bytes, sizeof bytes - 1};
}

bool strike_record_of_later_schema(struct house *house, struct planned *planned)
{
    put(house, house->topics.records, planned->partition, of_later_schema());
    return true;
}

/* --- usage.frames --- */

bool strike_frames_tail_lost(struct house *house, struct planned *planned)
{
    struct log_position from;
    return one_of_last(house, house->topics.frames, planned, 6, &from) &&
           memory_log_lose_tail(house->log, &from);
}

bool strike_frame_flipped(struct house *house, struct planned *planned)
{
    struct log_position at;
    return one_of_last(house, house->topics.frames, planned, 20, &at) &&
           memory_log_flip(house->log, &at, (uint32_t)(planned->value / 1024));
}

bool strike_frame_spoiled(struct house *house, struct planned *planned)
{
    struct log_position at;
    return one_of_last(house, house->topics.frames, planned, 20, &at) && memory_log_spoil(house->log, &at);
}

bool strike_frame_of_later_schema(struct house *house, struct planned *planned)
{
    put(house, house->topics.frames, planned->partition, of_later_schema());
    return true;
}

/* A frame that was read, for as long as it is needed. */
struct read_frame {
    struct frame_rows rows;
    struct frame frame;
};

static bool read_frame(const struct house *house, const struct log_position *at, struct read_frame *out)
{
    struct log_message message;
    *out = (struct read_frame){0};
    return memory_log_look(house->log, at, &message) && message.offset == at->offset &&
           frame_decode(message.value, &out->rows, &out->frame) == DECODE_OK &&
           out->frame.partition == at->partition;
}

static void put_frame(struct house *house, uint32_t partition, const struct frame *frame)
{
    struct frame_writer writer = {0};
    struct packer bytes = {0};
    uint8_t hash[FRAME_HASH_SIZE];
    frame_encode(&writer, frame, &bytes, hash);
    put(house, house->topics.frames, partition, (struct str){bytes.bytes.at, bytes.bytes.count});
    frame_writer_release(&writer);
    vec_release(&bytes.bytes);
}

/* Another frame of the number of one that stands there, after the same one. */
bool strike_frame_forged(struct house *house, struct planned *planned)
{
    struct log_position at;
    struct read_frame read;
    if (!one_of_last(house, house->topics.frames, planned, 5, &at) || !read_frame(house, &at, &read))
        return false;
    read.frame.counters.messages++;
    put_frame(house, planned->partition, &read.frame);
    frame_rows_release(&read.rows);
    return true;
}

/* The frame with the greatest number, so that what follows it is not there yet. */
static bool read_newest(const struct house *house, uint32_t partition, struct read_frame *out)
{
    struct log_range range = range_of(house, house->topics.frames, partition);
    uint64_t newest = 0;
    int64_t offset = -1;
    for (struct log_position at = {house->topics.frames, partition, range.low}; at.offset < range.high;
         at.offset++) {
        if (read_frame(house, &at, out) && (offset < 0 || out->frame.seq > newest)) {
            newest = out->frame.seq;
            offset = at.offset;
        }
        frame_rows_release(&out->rows);
    }
    return offset >= 0 &&
           read_frame(house, &(struct log_position){house->topics.frames, partition, offset}, out);
}

/* An empty frame that follows, but for what the caller puts in it. */
static struct frame follower(const struct frame *frame)
{
    struct frame next = {.partition = frame->partition,
                         .seq = frame->seq + 1,
                         .rules_number = frame->rules_number,
                         .next_offset = frame->next_offset,
                         .watermark_us = frame->watermark_us,
                         .closed_s = frame->closed_s};
    memcpy(next.prev_hash, frame->hash, FRAME_HASH_SIZE);
    return next;
}

bool strike_frame_unsettleable(struct house *house, struct planned *planned)
{
    struct read_frame read;
    struct fact fact = {.control = CONTROL_CATALOG, .catalog = {0, STR("currency: [")}};
    fact.origin.by = STR("");
    if (!read_newest(house, planned->partition, &read))
        return false;
    struct frame next = follower(&read.frame);
    next.facts = &fact;
    next.fact_count = 1;
    put_frame(house, planned->partition, &next);
    frame_rows_release(&read.rows);
    return true;
}

/* What is no frame, another partition's, one of another log, one that was there before. The next one of the
 * partition's own is to come. */
bool strike_frame_foreign(struct house *house, struct planned *planned)
{
    uint32_t other = (planned->partition + 1) % house->input->partitions;
    struct log_position at = {house->topics.frames, planned->value % 4 == 1 ? other : planned->partition, 0};
    struct log_message message;
    struct read_frame read;
    if (!more_comes(house, planned->partition, 8) || !memory_log_look(house->log, &at, &message))
        return false;
    if (planned->value % 4 == 0) {
        put(house, house->topics.frames, planned->partition, STR("this is no frame"));
    } else if (planned->value % 4 < 3) {
        put(house, house->topics.frames, planned->partition, message.value);
    } else {
        if (!read_newest(house, planned->partition, &read))
            return false;
        struct frame next = follower(&read.frame);
        next.prev_hash[0] ^= 1;
        put_frame(house, planned->partition, &next);
        frame_rows_release(&read.rows);
    }
    return true;
}
