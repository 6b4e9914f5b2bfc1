/* Undoes gzip piece by piece (RFC 1952): one member or several, which are one body. Pure: bytes in, bytes
 * out.
 *
 * It makes no more at a time than it is given room for, so whoever calls it bounds what a body comes to, and
 * may stop at any step: a small body that claims to be a large one costs what was asked of it. An inflater
 * holds at most INFLATER_SIZE_BYTES. */
#pragma once

#include "lib/base/str.h"

enum { INFLATER_SIZE_BYTES = 48 * 1024 }; /* the window of 32 KiB, and 7 KiB of zlib's state */

enum inflater_outcome {
    INFLATER_GOOD,
    INFLATER_CORRUPT,   /* no gzip, or its checksum or size is another */
    INFLATER_TRAILING,  /* what follows a member is no member */
    INFLATER_TRUNCATED, /* the end came inside of a member, or before the first */
};

struct inflater;

struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater);

/* Inflates on from the piece, whose front it takes, into at most *size bytes at `out`; *size becomes how many
 * it made. To be called until it makes none: then the piece is used up. After another outcome than GOOD it
 * ends. */
__attribute__((warn_unused_result)) enum inflater_outcome
inflater_take(struct inflater *inflater, struct str *piece, char *out, uint32_t *size);

/* There are no more pieces: GOOD or TRUNCATED. */
__attribute__((warn_unused_result)) enum inflater_outcome inflater_end(const struct inflater *inflater);
