#include "tests/support/driver.h"

#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/digest.h"
#include "lib/base/time.h"
#include "lib/codec/usage.h"

static void clear_frames(struct driver *driver)
{
    for (uint32_t i = 0; i < driver->frames.count; i++) {
        vec_release(&driver->frames.at[i].bytes.bytes);
        frame_rows_release(&driver->frames.at[i].rows);
    }
    vec_clear(&driver->frames);
}

static void say(struct driver *driver)
{
    const struct frame *frame;
    fold_close_epoch(driver->fold);
    while ((frame = fold_next_frame(driver->fold)) != NULL) {
        struct driven_frame driven = {0};
        uint8_t hash[FRAME_HASH_SIZE];
        frame_encode(&driver->writer, frame, &driven.bytes, hash);
        fold_hashed(driver->fold, hash);
        struct str bytes = {driven.bytes.bytes.at, driven.bytes.bytes.count};
        CHECK(frame_decode(bytes, &driven.rows, &driven.frame) == DECODE_OK);
        vec_push(&driver->frames, driven);
    }
}

static bool apply(struct driver *driver, struct message *message)
{
    clear_frames(driver);
    message->offset = driver->offset++;
    message->feed = STR("test");
    message->origin.by = STR("tester@host");
    enum fold_outcome outcome = fold_apply(driver->fold, message);
    CHECK(outcome == FOLD_EPOCH_OPEN || outcome == FOLD_EPOCH_DUE);
    if (outcome == FOLD_EPOCH_DUE)
        say(driver);
    return outcome == FOLD_EPOCH_DUE;
}

enum fold_outcome driver_control(struct driver *driver, struct message *message)
{
    struct packer bytes = {0};
    clear_frames(driver);
    message->feed = message->origin.by = STR("");
    usage_encode(message, &bytes);
    digest_of(bytes.bytes.at, bytes.bytes.count, message->origin.hash);
    vec_release(&bytes.bytes);
    message->offset = driver->offset;
    enum fold_outcome outcome = fold_apply(driver->fold, message);
    driver->offset += outcome == FOLD_EPOCH_OPEN;
    return outcome;
}

void driver_begin(struct driver *driver, uint32_t partition, const char *catalog, struct rules rules)
{
    *driver = (struct driver){.fold = fold_new(partition)};
    struct message init = {.control = CONTROL_INIT, .rules = rules, .catalog = {INT64_MIN, str_of(catalog)}};
    CHECK(driver_control(driver, &init) == FOLD_EPOCH_OPEN);
    memcpy(driver->control_hash, init.origin.hash, CONTROL_HASH_SIZE);
    CHECK(driver_tick(driver, DRIVER_BEGIN_S));
}

void driver_release(struct driver *driver)
{
    clear_frames(driver);
    vec_release(&driver->frames);
    frame_writer_release(&driver->writer);
    fold_free(driver->fold);
}

bool driver_send(struct driver *driver, int64_t clock_s, const struct record *records, uint32_t count)
{
    struct message message = {.clock_us = clock_s * SECOND_US,
                              .append_us = clock_s * SECOND_US,
                              .records = records,
                              .record_count = count};
    return apply(driver, &message);
}

bool driver_tick(struct driver *driver, int64_t clock_s)
{
    return driver_send(driver, clock_s, NULL, 0);
}

void driver_catalog(struct driver *driver, int64_t from_s, const char *text)
{
    struct message message = {.control = CONTROL_CATALOG, .catalog = {from_s, str_of(text)}};
    memcpy(message.origin.prev_hash, driver->control_hash, CONTROL_HASH_SIZE);
    CHECK(driver_control(driver, &message) == FOLD_EPOCH_OPEN);
    memcpy(driver->control_hash, message.origin.hash, CONTROL_HASH_SIZE);
}

void driver_restart(struct driver *driver)
{
    struct packer snapshot = {0}, again = {0};
    uint8_t digest[DIGEST_SIZE];
    fold_snapshot(driver->fold, &snapshot);
    digest_of(snapshot.bytes.at, snapshot.bytes.count, digest);
    fold_free(driver->fold);
    driver->fold = fold_restore((struct str){snapshot.bytes.at, snapshot.bytes.count}, digest);
    CHECK(driver->fold != NULL);
    fold_snapshot(driver->fold, &again);
    CHECK(again.bytes.count == snapshot.bytes.count &&
          memcmp(again.bytes.at, snapshot.bytes.at, again.bytes.count) == 0);
    vec_release(&snapshot.bytes);
    vec_release(&again.bytes);
}

struct record driver_record(struct driver *driver, enum record_kind kind, int64_t time_s)
{
    static char ids[1 << 16][8];
    char *id = ids[driver->made++ % (1 << 16)];
    snprintf(id, sizeof ids[0], "%u", (unsigned)(driver->made % 9999999));
    bool counts = kind == RECORD_TOKENS || kind == RECORD_IMAGES;
    return (struct record){.kind = kind,
                           .product = counts ? PRODUCT_MAAS : PRODUCT_CONTAINER,
                           .account = STR("a"),
                           .subject = STR("r"),
                           .source = STR("/s"),
                           .id = str_of(id),
                           .time_us = time_s * SECOND_US,
                           .since_us = time_s * SECOND_US,
                           .sku = kind == RECORD_LAUNCHED || counts ? STR("k") : STR(""),
                           .order = STR(""),
                           .amount = STR(""),
                           .currency = STR(""),
                           .quantity = kind == RECORD_LAUNCHED};
}

uint32_t driver_levels(const struct driver *driver)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < driver->frames.count; i++)
        rows += driver->frames.at[i].frame.level_count;
    return rows;
}

uint32_t driver_counts(const struct driver *driver)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < driver->frames.count; i++)
        rows += driver->frames.at[i].frame.count_count;
    return rows;
}

uint32_t driver_states(const struct driver *driver)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < driver->frames.count; i++)
        rows += driver->frames.at[i].frame.state_count;
    return rows;
}

const struct state_row *driver_state(const struct driver *driver)
{
    CHECK(driver_states(driver) <= 1);
    for (uint32_t i = 0; i < driver->frames.count; i++)
        if (driver->frames.at[i].frame.state_count > 0)
            return &driver->frames.at[i].frame.states[0];
    return NULL;
}

const struct frame *driver_last(const struct driver *driver)
{
    CHECK(driver->frames.count > 0);
    return &driver->frames.at[driver->frames.count - 1].frame;
}
