/* Random frames: a small world whose orders, resources and hours get in each other's way.
 *
 * A log is a list of things said, each with the watermark and the closed second behind it. Cutting it into
 * frames anywhere must not change what is owed in the end. Same seed, same log. */
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
    uint32_t frame; /* of the last cut: which one says it */
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
/* Cuts the log into frames of at most `longest` things said, the last of which closes every hour. */
void frame_log_cut(struct frame_log *log, uint32_t longest);
