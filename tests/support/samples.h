/* Random messages and frames within every limit of the codecs, the limits themselves included. Same seed,
 * same samples. Strings and rows live until the next samples_reset. */
#pragma once

#include "lib/base/arena.h"
#include "lib/codec/topics.h"
#include "lib/domain/frame.h"
#include "tests/unit/random.h"

enum { SAMPLE_NAMES = 8 };

struct samples {
    struct random random;
    struct arena memory;
    struct str names[SAMPLE_NAMES]; /* of this frame's rows, to be used again */
    uint32_t name_count;
};

void samples_reset(struct samples *samples);
void samples_release(struct samples *samples);

int64_t sample_long(struct samples *samples, int64_t least, int64_t most);
/* Valid UTF-8 without control characters, [least, most] bytes; of all widths. */
struct str sample_text(struct samples *samples, uint32_t least, uint32_t most);
struct record sample_record(struct samples *samples, enum record_kind kind);
/* Records, a tick, rules or a catalog. */
struct message sample_message(struct samples *samples);
/* Rows of all kinds, which share names; in no order. */
struct frame sample_frame(struct samples *samples);

bool same_record(const struct record *a, const struct record *b);
bool same_message(const struct message *a, const struct message *b);
/* Hashes of their own left out. */
bool same_frame(const struct frame *a, const struct frame *b);
