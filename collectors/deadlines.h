/* Cuts off connections that hold on too long, whatever trickles through them: a deadline each, which the
 * server moves from step to step. A thread of its own shuts the sockets down; the server then sees the end.
 */
#pragma once

#include <stdint.h>

#include "lib/io/metrics.h"

enum { DEADLINE_NONE = INT32_MAX };

struct deadlines;
struct deadline; /* one connection's */

/* `expired` counts who was cut off. */
struct deadlines *deadlines_new(struct metric *expired);
/* No deadline is left. */
void deadlines_free(struct deadlines *deadlines);

struct deadline *deadline_new(struct deadlines *deadlines, int socket, int32_t in_ms);
/* Any thread. DEADLINE_NONE: as long as it takes. */
void deadline_set(struct deadlines *deadlines, struct deadline *deadline, int32_t in_ms);
/* To be called before the socket is closed. */
void deadline_free(struct deadlines *deadlines, struct deadline *deadline);
