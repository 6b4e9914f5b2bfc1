/* Avro's binary encoding, strictly: canonical varints, bounded lengths, one block an array, whole input used.
 *
 * avro-c never decodes what others can write (it allocates what five bytes claim); these readers do, and
 * avro-c is what they are tested against. A value has one encoding, so what decodes encodes to the same
 * bytes. A fault is remembered: read on, and wire_close says it once at the end. Readers and writers keep the
 * same limits: a reader refuses, a writer ends the process, so that nothing is sent that would not be read.
 */
#pragma once

#include "lib/base/digest.h"
#include "lib/base/pack.h"
#include "lib/codec/outcome.h"
#include "lib/domain/limits.h"

enum { WIRE_HEADER_SIZE = 10 }; /* C3 01 and the schema's fingerprint, little-endian */

/* --- writing --- */

/* Single-object encoding: the message names its own schema. */
void wire_put_header(struct packer *out, uint64_t fingerprint);
void wire_put_long(struct packer *out, int64_t value);
/* A long that its reader takes in [least, most]. */
void wire_put_long_in(struct packer *out, int64_t value, int64_t least, int64_t most);
/* At most `most` bytes; also Avro's bytes, which are written alike. */
void wire_put_string(struct packer *out, struct str value, uint32_t most);
/* [least, LIMIT_NAME_BYTES] bytes. That they are UTF-8 is its maker's business. */
void wire_put_name(struct packer *out, struct str value, uint32_t least);
void wire_put_bool(struct packer *out, bool value);
/* An array's head: how many items follow; after them, wire_put_array_end. No items: the end alone. */
void wire_put_array(struct packer *out, uint32_t count);
void wire_put_array_end(struct packer *out);

/* --- reading --- */

/* *in is placed after the header when the bytes begin with this schema's; else the outcome is not DECODE_OK.
 */
enum decode_outcome wire_open(struct unpacker *in, struct str bytes, uint64_t fingerprint);
/* DECODE_OK: nothing was wrong and nothing is left. */
enum decode_outcome wire_close(const struct unpacker *in);

int64_t wire_take_long(struct unpacker *in);
/* A long in [least, most]; least where it is not. */
int64_t wire_take_long_in(struct unpacker *in, int64_t least, int64_t most);
/* A slice of the input of [least, most] bytes. */
struct str wire_take_string(struct unpacker *in, uint32_t least, uint32_t most);
/* A name: valid UTF-8 without control characters, [least, LIMIT_NAME_BYTES] bytes. */
struct str wire_take_name(struct unpacker *in, uint32_t least);
/* The same of [least, most] bytes. */
struct str wire_take_word(struct unpacker *in, uint32_t least, uint32_t most);
/* Whether wire_take_name takes it with `least` 0. */
bool wire_is_name(struct str text);
bool wire_take_bool(struct unpacker *in);
/* How many items follow, each at least item_size bytes. After them, wire_take_array_end. */
uint32_t wire_take_array(struct unpacker *in, size_t item_size);
void wire_take_array_end(struct unpacker *in);
