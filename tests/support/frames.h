/* Random frames: a small world whose orders, resources and hours get in each other's way.
 *
 * A log is a list of things said, each with the watermark and the closed second behind it. Cutting it into
 * epochs and frames anywhere must not change what is owed in the end. Same seed, same log. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/vec.h"
#include "lib/domain/frame.h"
#include "tests/unit/random.h"

enum said_kind { SAID_LEVEL, SAID_COUNT, SAID_FACT };

struct said {
    enum said_kind kind;
    struct level_row level;
    struct count_row count;
    struct fact fact;
    int64_t watermark_us; /* once it is said */
    int64_t closed_s;
    uint32_t row;   /* of the last cut: among its epoch's facts, levels or counts, */
    uint32_t frame; /* and which frame says it */
};

struct frame_log {
    struct random random;
    struct arena memory;
    VEC(struct said) list;
    VEC(struct frame) frames; /* of the last cut; rows in memory */
};

enum { FRAME_LOG_HOURS = 6 };
/* 2026-01-01T00:00:00Z: the first hour of the world. */
#define FRAME_LOG_BEGIN_S INT64_C(1767225600)

/* The first thing said is a catalog, the second one that holds from the third hour on. */
void frame_log_make(struct frame_log *log, uint64_t seed, uint32_t length);
void frame_log_release(struct frame_log *log);
/* Cuts the log into epochs of at most `longest` things said, the last of which closes every hour, and each of
 * them into at most `frames_max` frames. */
void frame_log_cut(struct frame_log *log, uint32_t longest, uint32_t frames_max);
