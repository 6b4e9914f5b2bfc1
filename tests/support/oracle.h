/* avro-c as the reference that the codecs are tested against: it reads the .avsc and knows nothing of us.
 *
 * What it does not find as expected ends the process. */
#pragma once

#include "lib/base/pack.h"

struct oracle;

/* Reads schemas/NAME.avsc. */
struct oracle *oracle_new(const char *name);
void oracle_free(struct oracle *oracle);

/* Decodes the body of a single-object message; false: avro-c refuses it, or leaves something over. */
bool oracle_read(struct oracle *oracle, struct str message);
/* Appends what was read, as avro-c encodes it, behind the header of that message. */
void oracle_write(struct oracle *oracle, struct packer *out);

/* Ends the process unless the field that stands at this path of what was read, by the schema's names, has
 * this value: ("records/3/body/Tokens/", "sku"). */
void oracle_expect_long(struct oracle *oracle, const char *at, const char *name, int64_t value);
/* string, bytes, fixed, the symbol of an enum */
void oracle_expect_bytes(struct oracle *oracle, const char *at, const char *name, struct str value);
/* A record of low and high: high x 2^63 + low. */
void oracle_expect_whole(struct oracle *oracle, const char *at, const char *name, unsigned __int128 value);
/* The number of a name, from 1, in the message's list `names`; 0: the name is empty. */
void oracle_expect_number(struct oracle *oracle, const char *at, const char *name, struct str value);
