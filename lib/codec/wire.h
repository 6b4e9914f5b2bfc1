/* Avro's binary encoding, strictly: canonical varints, bounded lengths, one block an array, whole input used.
 *
 * avro-c never decodes what others can write (it allocates what five bytes claim); these readers do, and
 * avro-c is what they are tested against. A fault is remembered: read on, and look at `bad` once at the end.
 */
#pragma once

#include "lib/base/digest.h"
#include "lib/base/pack.h"

enum {
    WIRE_NAME_MAX = 256,             /* every name of CONTRACT §2 */
    WIRE_TEXT_MAX = 8 * 1024 * 1024, /* a catalog */
    WIRE_HEADER_SIZE = 10,           /* C3 01 and the schema's fingerprint */
};

/* --- writing --- */

/* Single-object encoding: the message names its own schema. */
void wire_put_header(struct packer *out, uint64_t fingerprint);
void wire_put_long(struct packer *out, int64_t value);
void wire_put_string(struct packer *out, struct str value);
void wire_put_bool(struct packer *out, bool value);
void wire_put_u128(struct packer *out, unsigned __int128 value); /* fixed(16), big-endian */
/* An array's head: how many items follow; after them, wire_put_array_end. No items: the end alone. */
void wire_put_array(struct packer *out, uint32_t count);
void wire_put_array_end(struct packer *out);

/* --- reading --- */

/* True when the bytes begin with this schema's header; *in stands behind it. */
bool wire_take_header(struct unpacker *in, uint64_t fingerprint);
int64_t wire_take_long(struct unpacker *in);
/* A long in [least, most]. */
int64_t wire_take_long_in(struct unpacker *in, int64_t least, int64_t most);
/* A slice of the input of [least, most] bytes. */
struct str wire_take_string(struct unpacker *in, uint32_t least, uint32_t most);
/* A name: valid UTF-8 without control characters, [least, WIRE_NAME_MAX] bytes. */
struct str wire_take_name(struct unpacker *in, uint32_t least);
bool wire_take_bool(struct unpacker *in);
unsigned __int128 wire_take_u128(struct unpacker *in);
/* How many items follow, each at least item_size bytes. */
uint32_t wire_take_array(struct unpacker *in, size_t item_size);
void wire_take_array_end(struct unpacker *in);
/* Nothing was wrong and nothing is left. */
bool wire_done(const struct unpacker *in);
