/* Who writes a control message, and when by its own clock: for eyes, nothing hangs on it (DESIGN §2). */
#pragma once

#include <stdbool.h>

#include "lib/domain/message.h"

/* `by`: the name that was given; "": user@host. False: no reader would take it; it is 1 to 256 bytes of UTF-8
 * without control characters. The name stays as long as the process; the hashes are zeros. */
bool writer_origin(const char *by, struct control_origin *out);
