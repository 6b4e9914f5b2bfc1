/* Whole frames out of messages of usage.frames: a frame that came in parts is complete from any copies of its
 * parts, whichever owner of the partition wrote them (DESIGN §4). */
#pragma once

#include "lib/codec/frame.h"

enum { ASSEMBLIES_MAX = 8 }; /* frames whose parts may be on their way at once */

struct assembly {
    uint64_t seq;
    uint8_t hash[FRAME_HASH_SIZE];
    uint32_t parts;
    uint32_t got;
    bool *have;
    struct packer bytes;
    int64_t first_offset; /* of its first message */
    uint64_t last_used;   /* the oldest one makes room */
};

struct assembler {
    struct assembly list[ASSEMBLIES_MAX];
    uint64_t clock;
    struct packer whole; /* the frame given last */
};

enum assemble_outcome {
    ASSEMBLE_FRAME,
    ASSEMBLE_MORE,
    ASSEMBLE_BAD,
    ASSEMBLE_OTHER_SCHEMA, /* perhaps a later release's (DECODE_OTHER_SCHEMA) */
};

/* FRAME: *whole is a frame's bytes, good until the next call (or those of the message itself). */
enum assemble_outcome assemble(struct assembler *assembler, struct str message, int64_t offset,
                               struct str *whole);
/* The first offset of a frame whose parts are not all here: reading must begin again no later than there.
 * INT64_MAX: there is none. */
int64_t assembler_first_offset(const struct assembler *assembler);
void assembler_release(struct assembler *assembler);
