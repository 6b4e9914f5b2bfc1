#include "lib/codec/outcome.h"

#include "lib/base/check.h"

const char *decode_outcome_name(enum decode_outcome outcome)
{
    static const char *const names[DECODE_OUTCOMES] = {
        [DECODE_OK] = "ok",
        [DECODE_OTHER_SCHEMA] = "other schema",
        [DECODE_MALFORMED] = "malformed",
        [DECODE_WRONG_HASH] = "wrong hash",
    };
    CHECK(outcome < DECODE_OUTCOMES);
    return names[outcome];
}
