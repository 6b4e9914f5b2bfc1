/* A message of billing.notices: an account whose state or deadline is another (CONTRACT §6). JSON, one object
 * without blanks, its keys in this order:
 *
 *     {"id":"3-1207-1","account":"a","state":"grace","balance":"-1.000000","available":"-1.000000",
 *      "deadline":"2026-11-01T14:00:00Z","at":"2026-11-01T12:00:00Z","currency":"USD"}
 *
 * Notices come at least once: of an account's, one whose (seq, ordinal) is not above the last that was taken
 * is a repeat. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/pack.h"
#include "lib/codec/outcome.h"

struct notice_message {
    uint32_t partition; /* of these three its id: the ordinal-th of the frame, from 1 */
    uint64_t seq;
    uint32_t ordinal;
    struct str account;
    struct str state; /* good, grace, suspended */
    struct str balance;
    struct str available;
    int64_t deadline_s; /* INT64_MIN: none */
    int64_t at_s;
    struct str currency;
};

/* Appends it, without an end of line. */
void notice_encode(const struct notice_message *notice, struct packer *out);

enum notice_key {
    NOTICE_ID,
    NOTICE_ACCOUNT,
    NOTICE_STATE,
    NOTICE_BALANCE,
    NOTICE_AVAILABLE,
    NOTICE_DEADLINE,
    NOTICE_AT,
    NOTICE_CURRENCY,
    NOTICE_KEYS,
};
extern const char *const notice_keys[NOTICE_KEYS];

/* The values as texts, by enum notice_key; null: `at` is NULL. They lie in the bytes, or in the memory where
 * something was escaped. */
__attribute__((warn_unused_result)) enum decode_outcome notice_texts(struct str bytes, struct arena *memory,
                                                                     struct str texts[NOTICE_KEYS]);
