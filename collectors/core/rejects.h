/* What a submission's source refused, as messages for usage.rejects (DESIGN §3): bounded, so that who sends
 * nothing but faults costs no memory. What is left out is counted. Pure. */
#pragma once

#include "lib/codec/topics.h"

enum { REJECTS_MAX = 1000, REJECTS_BYTES_MAX = 1 << 20 };

struct rejects {
    struct packer bytes; /* one behind the other */
    VEC(uint32_t) ends;  /* of each */
    uint64_t left_out;
};

/* Whether the next one would be left out, whatever it is: its text need not be made. */
bool rejects_full(const struct rejects *rejects);
void rejects_add(struct rejects *rejects, const struct reject *reject);
/* The i-th's bytes. */
struct str rejects_at(const struct rejects *rejects, uint32_t i);
void rejects_release(struct rejects *rejects);
