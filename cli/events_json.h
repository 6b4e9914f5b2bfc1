/* A record as the CloudEvent that it came from (CONTRACT §2): JSON that any entrance takes again, and of
 * which it makes the same record.
 *
 * What a record does not keep is lost: attributes and fields that nobody reads, the form of `usage`, the
 * digits of a time beyond the microsecond, and the word of an image's status where that is not "succeeded".
 */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/record.h"

/* Attributes beside CONTRACT's, which every entrance ignores; the zero value has none. */
struct event_marks {
    const char *state;  /* "accepted", ...; NULL: none */
    const char *reason; /* why it is so; NULL: none */
    bool placed;        /* it stands in the log: */
    uint32_t partition;
    int64_t offset;
    int64_t append_us;
};

/* Appends one line, with its end. The marks are `state`, `statereason`, `partition`, `offset` and `logtime`.
 */
void event_print(const struct record *record, const struct event_marks *marks, struct packer *out);
/* Its type: "container.launched". */
const char *event_type_of(const struct record *record);
