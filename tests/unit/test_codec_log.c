/* The worked cases through the codecs: what the collector accepts is what the aggregator reads, and what the
 * aggregator says is what the settler reads. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "aggregator/core/fold.h"
#include "collectors/core/accept.h"
#include "collectors/core/lines.h"
#include "collectors/core/simulate.h"
#include "lib/codec/frame.h"
#include "lib/codec/usage.h"
#include "tests/support/samples.h"
#include "tests/support/test.h"

enum { FILE_MAX = 1 << 20, PATH = 200 };

/* The way of a log: from the simulated collector into the fold, and its frames out. */
struct way {
    struct fold *fold;
    int64_t offset;
    struct packer bytes;
    struct usage_records records;
    struct frame_writer writer;
    struct frame_rows rows;
    uint64_t frames;
    uint64_t rows_seen;
};

static void carry_one(struct way *way, const struct frame *frame)
{
    uint8_t hash[FRAME_HASH_SIZE];
    struct frame back;
    vec_clear(&way->bytes.bytes);
    frame_encode(&way->writer, frame, &way->bytes, hash);
    struct str bytes = {way->bytes.bytes.at, way->bytes.bytes.count};
    assert_int_equal(frame_decode(bytes, &way->rows, &back), DECODE_OK);
    assert_true(same_frame(frame, &back));
    assert_memory_equal(back.hash, hash, FRAME_HASH_SIZE);
    fold_hashed(way->fold, hash);
    way->frames++;
    way->rows_seen += back.level_count + back.count_count + back.fact_count;
}

static void carry_frames(struct way *way)
{
    const struct frame *frame;
    while ((frame = fold_next_frame(way->fold)) != NULL)
        carry_one(way, frame);
}

static void carry_message(void *context, uint32_t partition, const struct message *message)
{
    struct way *way = context;
    struct message back;
    assert_int_equal(partition, 0);
    vec_clear(&way->bytes.bytes);
    usage_encode(message, &way->bytes);
    struct str bytes = {way->bytes.bytes.at, way->bytes.bytes.count};
    assert_int_equal(usage_decode(bytes, &way->records, &back), DECODE_OK);
    assert_true(same_message(message, &back));
    back.append_us = back.clock_us;
    back.offset = way->offset++;
    switch (fold_apply(way->fold, &back)) {
    case FOLD_EPOCH_OPEN:
        return;
    case FOLD_EPOCH_DUE:
        fold_close_epoch(way->fold);
        carry_frames(way);
        return;
    case FOLD_OFFSET_GAP:
    case FOLD_NO_RULES:
    case FOLD_RULES_UNKNOWN:
    case FOLD_CATALOG_BAD:
    case FOLD_RECORDS_MISSING:
        fail_msg("the fold stopped");
    }
}

static struct str read_whole(const char *folder, const char *name, char text[FILE_MAX])
{
    char path[PATH];
    snprintf(path, sizeof path, "%s%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(text, 1, FILE_MAX, file);
    fclose(file);
    assert_true(size < FILE_MAX);
    return (struct str){text, (uint32_t)size};
}

static void carry_case(struct way *way, struct acceptor *acceptor, const char *folder)
{
    static char events[FILE_MAX], catalog[FILE_MAX];
    struct message init = {.control = CONTROL_INIT,
                           .feed = STR(""),
                           .rules = rules_of(1, INT64_MAX, INT64_MAX),
                           .catalog = {INT64_MIN, read_whole(folder, "catalog.yaml", catalog)}};
    struct simulate_config config = {.partitions = 1,
                                     .epoch_us = init.rules.epoch_us,
                                     .delay_us = init.rules.delay_us,
                                     .until_s = INT64_MAX,
                                     .feed = STR("file"),
                                     .sink = carry_message,
                                     .context = way};
    struct simulation *simulation = simulation_new(&config);
    struct str text = read_whole(folder, "events.ndjson", events);
    struct lines lines = lines_of(text.at, text.size);
    way->fold = fold_new(0);
    way->offset = 0;
    carry_message(way, 0, &init);
    for (struct str line; lines_next(&lines, &line);) {
        struct record record;
        struct rejection rejection;
        if (accept_event(acceptor, line, &record, &rejection))
            simulation_add(simulation, &record);
    }
    int64_t until_s = simulation_default_until_s(simulation);
    if (until_s != INT64_MIN) {
        simulation_end(simulation, until_s);
        fold_close_epoch(way->fold);
        carry_frames(way);
        fold_finish(way->fold, until_s);
        carry_frames(way);
    }
    simulation_free(simulation);
    fold_free(way->fold);
}

static void the_worked_cases_pass_through_their_bytes_unchanged(void **state)
{
    (void)state;
    struct acceptor *acceptor = acceptor_new();
    struct way way = {0};
    glob_t found;
    assert_int_equal(glob("tests/conformance/*/events.ndjson", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char folder[PATH];
        snprintf(folder, sizeof folder, "%.*s", (int)(strlen(found.gl_pathv[i]) - strlen("events.ndjson")),
                 found.gl_pathv[i]);
        carry_case(&way, acceptor, folder);
    }
    assert_true(way.frames > found.gl_pathc && way.rows_seen > found.gl_pathc);
    globfree(&found);
    usage_records_release(&way.records);
    frame_writer_release(&way.writer);
    frame_rows_release(&way.rows);
    vec_release(&way.bytes.bytes);
    acceptor_free(acceptor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_cases_pass_through_their_bytes_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
