/* The register of control messages as one partition has it (DESIGN §2): rules, catalogs, and the hash that
 * the next control message has to name. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/pack.h"
#include "lib/domain/message.h"
#include "lib/domain/prices.h"

struct control_entry {
    uint8_t hash[CONTROL_HASH_SIZE];
    bool holds; /* else it came too late for this partition, and its prices do not hold here */
    struct catalog_text catalog; /* of one that holds */
};

struct controls {
    VEC(struct control_entry) list; /* in the order of the log, the Init message first */
    struct prices prices;           /* of those that hold */
    struct arena texts;
};

/* Whether the message is one of the register. */
bool controls_have(const struct controls *controls, const uint8_t hash[CONTROL_HASH_SIZE]);
/* Whether the message names the last one of the register. */
bool controls_follow(const struct controls *controls, const struct control_origin *origin);
/* Adds the message to the register. False: it holds, but its text is no catalog; nothing was added. */
bool controls_add(struct controls *controls, const struct message *message, bool holds);
/* The first hour after from_s that another catalog than this one's holds from; INT64_MAX: none. */
int64_t controls_until_s(const struct controls *controls, int64_t from_s);

void controls_pack(const struct controls *controls, struct packer *out);
void controls_unpack(struct controls *controls, struct unpacker *in);
void controls_release(struct controls *controls);
