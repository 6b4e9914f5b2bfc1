/* What a decoder made of some bytes. Everything but OK is a refusal; only a reader knows what follows from
 * it. */
#pragma once

enum decode_outcome {
    DECODE_OK,
    /* A single-object message of a schema that was not asked for: perhaps a later release's. Skipping one may
     * lose an accepted record; a caller that cannot exclude that must stop. */
    DECODE_OTHER_SCHEMA,
    DECODE_MALFORMED,  /* not the one canonical encoding of anything */
    DECODE_WRONG_HASH, /* a frame whose bytes are not those that its hash was taken of */
};
#define DECODE_OUTCOMES 4

/* "ok", "other schema", ... for logs. */
const char *decode_outcome_name(enum decode_outcome outcome);
