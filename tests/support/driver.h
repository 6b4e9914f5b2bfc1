/* Drives one fold message by message and keeps the frames of its last epoch, as their bytes say them. */
#pragma once

#include "aggregator/core/fold.h"
#include "lib/codec/frame.h"

/* 2026-11-01T10:00:00Z: a whole hour that clocks of the tests begin at. */
#define DRIVER_BEGIN_S INT64_C(1793527200)

/* A frame with the memory that it lies in. */
struct driven_frame {
    struct packer bytes;
    struct frame_rows rows;
    struct frame frame;
};

struct driver {
    struct fold *fold;
    int64_t offset; /* of the next message */
    uint64_t made;  /* events given an id */
    struct frame_writer writer;
    VEC(struct driven_frame) frames;         /* of the epoch that ended last; none while one goes on */
    uint8_t control_hash[CONTROL_HASH_SIZE]; /* of the last control message */
};

/* Init, and one message with a clock of DRIVER_BEGIN_S. */
void driver_begin(struct driver *driver, uint32_t partition, const char *catalog, struct rules rules);
void driver_release(struct driver *driver);

/* A message of these records, which both clocks vouch for. True: it ended an epoch. */
bool driver_send(struct driver *driver, int64_t clock_s, const struct record *records, uint32_t count);
/* A tick. */
bool driver_tick(struct driver *driver, int64_t clock_s);
/* A control message whose hash is that of its bytes. */
enum fold_outcome driver_control(struct driver *driver, struct message *message);
/* A catalog that names the last control message; *driver remembers it whether or not it is taken. */
void driver_catalog(struct driver *driver, int64_t from_s, const char *text);
/* Takes a snapshot and goes on with a fold that was made of it. */
void driver_restart(struct driver *driver);

/* An event of account "a" about "r", with an id of its own and both times; the rest is the caller's. */
struct record driver_record(struct driver *driver, enum record_kind kind, int64_t time_s);

/* Rows of all frames of the epoch that ended last. */
uint32_t driver_levels(const struct driver *driver);
uint32_t driver_counts(const struct driver *driver);
uint32_t driver_states(const struct driver *driver);
/* The only state row of the epoch; NULL: there is none. */
const struct state_row *driver_state(const struct driver *driver);
/* The epoch's last frame. */
const struct frame *driver_last(const struct driver *driver);
