/* Messages of usage.records as bytes: schemas/usage_message.avsc, single-object encoding.
 *
 * Decoding is zero-copy: names are slices of the bytes. */
#pragma once

#include "lib/base/pack.h"
#include "lib/codec/outcome.h"
#include "lib/domain/message.h"

/* Appends the message. What comes with a message from Kafka (append_us, offset) is not in its bytes, nor is
 * its own hash (origin.hash), which decoding makes: SHA-256 of all its bytes, for control messages alone. */
void usage_encode(const struct message *message, struct packer *out);

/* Fills a control message's own hash, as decoding does: for who hands it over without encoding it. */
void usage_seal(struct message *message);

/* Room for a message's records, used again and again. */
struct usage_records {
    VEC(struct record) list;
};

/* *out is good when the outcome is DECODE_OK, as long as the bytes and `records`, which lends it room. */
__attribute__((warn_unused_result)) enum decode_outcome
usage_decode(struct str bytes, struct usage_records *records, struct message *out);
void usage_records_release(struct usage_records *records);
