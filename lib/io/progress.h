/* How far a long command of the terminal is: one line on standard error, drawn again where it stands, five
 * times a second, where standard error is a terminal that can do so (TERM other than dumb). Off a terminal,
 * nothing. No colour, so that NO_COLOR asks for nothing. SIGUSR1 has a line of its own written at any time,
 * wherever standard error goes.
 *
 * One a process, one thread. */
#pragma once

#include <stdint.h>

struct progress_state {
    uint64_t bytes;       /* read so far */
    uint64_t total_bytes; /* 0: unknown */
    uint64_t events;
    uint64_t rejected;
    const char *stage; /* a literal: "reading" */
};

/* From now on SIGUSR1 is answered. `program`: a literal. */
void progress_begin(const char *program);
void progress_set(const struct progress_state *state);
/* Takes the line away, for who is about to write something else to the terminal; the next progress_set draws
 * it again. */
void progress_hide(void);
