/* Bytes that only this program reads again: the state in a snapshot, a line's usage. Fixed widths, little
 * endian, strings by length; short numbers are 7 bits a byte, the lowest first. The same values give the same
 * bytes. Reading is bounded, and a fault is remembered: check `bad` once, at the end. */
#pragma once

#include <stdbool.h>

#include "lib/base/str.h"
#include "lib/base/vec.h"

struct packer {
    VEC(char) bytes;
};

void pack_u64(struct packer *packer, uint64_t value);
void pack_u128(struct packer *packer, unsigned __int128 value);
void pack_short(struct packer *packer, unsigned __int128 value);
void pack_str(struct packer *packer, struct str value);
void pack_raw(struct packer *packer, const void *at, size_t size);

struct unpacker {
    const char *at;
    const char *end;
    bool bad; /* ran past the end, or a count was impossible */
};

uint64_t unpack_u64(struct unpacker *unpacker);
unsigned __int128 unpack_u128(struct unpacker *unpacker);
/* Bad beyond `most`. */
unsigned __int128 unpack_short(struct unpacker *unpacker, unsigned __int128 most);
/* A slice of the input. */
struct str unpack_str(struct unpacker *unpacker);
struct str unpack_slice(struct unpacker *unpacker, size_t size);
void unpack_raw(struct unpacker *unpacker, void *out, size_t size);
/* A number of items of at least `size` bytes each that are still to come; 0 and bad if there cannot be so
 * many. */
uint32_t unpack_count(struct unpacker *unpacker, size_t size);
