/* Signs of life of one resource (CONTRACT §2.2), as spans: signs at most N seconds apart are one span.
 *
 * A heartbeat every half minute for a month is one span of 16 bytes. Nothing is lost by it: the seconds
 * between two signs of a span are alive, those between spans are not, and a `now` inside a span always has
 * a sign within N seconds before it. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"

struct span {
    int64_t first_s; /* the second of its first sign */
    int64_t last_s;  /* of its last */
};

struct spans {
    VEC(struct span) list; /* in order; first of one - last of the one before > N */
};

/* Puts a sign in. Returns the second from which on aliveness may have changed; INT64_MAX: nothing has. */
int64_t spans_add(struct spans *spans, int64_t sign_s, int64_t liveness_s);
/* The last sign before `now_s`, as far as spans can tell: the exact one if it ended a span, else now_s - 1.
 * INT64_MIN: none. */
int64_t spans_last_before(const struct spans *spans, int64_t now_s);
/* The last sign of the span that begins before `now_s`, though it may lie after that; INT64_MIN: none. */
int64_t spans_end_before(const struct spans *spans, int64_t now_s);
/* The first sign of the first span that begins after `now_s`; INT64_MAX: none. */
int64_t spans_next_after(const struct spans *spans, int64_t now_s);
/* Alive seconds at or after from_s, judged at now_s: the next half-open span. False: none before now. */
bool spans_alive(const struct spans *spans, int64_t liveness_s, int64_t now_s, int64_t from_s,
                 struct span *alive);
/* Forgets spans that end before `before_s`, keeping the last one that begins before it. */
void spans_forget(struct spans *spans, int64_t before_s);
