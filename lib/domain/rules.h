/* The rules that a generation is folded under: in the log, never in a process's configuration (DESIGN §2).
 *
 * The fold has a number; all but the horizons are constants of it. Tests may shrink them, and so may
 * `hourglass init` where it says so: what the log contains holds. */
#pragma once

#include <stdint.h>

struct rules {
    uint32_t number;              /* of the fold; 1 */
    int64_t epoch_us;             /* log time between frames: 5 s */
    int64_t delay_us;             /* watermark = log time - delay: 10 s */
    int64_t lifecycle_horizon_us; /* how late a launch, stop, failure may come (CONTRACT §2.3) */
    int64_t report_horizon_us;    /* how late a heartbeat, storage report or count may come */
    int64_t epoch_records;        /* an epoch ends with the message that holds the N-th record */
    int64_t frame_rows;           /* a frame ends at the next edge after so many rows, */
    int64_t frame_bytes;          /* or so many bytes (DESIGN §4) */
    int64_t snapshot_bytes;       /* input bytes after which a snapshot may be due */
};

/* The rules of a number that this program knows, which is 1 alone. Horizons: INT64_MAX, nothing is too late.
 */
struct rules rules_of(uint32_t number, int64_t lifecycle_horizon_us, int64_t report_horizon_us);
