/* The bodies of the collector's answers (CONTRACT §5). Pure: what to say in, JSON out. */
#pragma once

#include "collectors/core/accept.h"
#include "lib/base/pack.h"

/* `rejected` under way: an array's items, without its brackets. */
void answer_add_rejected(struct packer *rejected, size_t index, const struct rejection *rejection);
/* {"accepted":N,"rejected":[...]} */
void answer_accepted(struct packer *out, uint64_t accepted, const struct packer *rejected);
/* application/problem+json (RFC 9457); rejected NULL: it has none. */
void answer_problem(struct packer *out, unsigned status, const char *title, struct str detail,
                    const struct packer *rejected);
