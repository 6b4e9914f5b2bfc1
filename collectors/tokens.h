/* The bearer tokens of a file, one a line. The file may be read again while requests come: one that cannot be
 * read, or has none, changes nothing. Of one thread. */
#pragma once

#include "lib/base/pack.h"
#include "lib/port/error.h"

struct tokens {
    const char *path; /* kept; "": everybody may send */
    struct packer lines;
};

/* FATAL: the file cannot be read; *error names it, and what was known stays. */
enum error_class tokens_read(struct tokens *tokens, struct error *error);
/* The same for a file that may be under way: one without any token is refused too. */
enum error_class tokens_read_again(struct tokens *tokens, struct error *error);
/* How many there are. */
uint32_t tokens_count(const struct tokens *tokens);
/* Compared in a time that does not tell how far it fits. */
bool tokens_know(const struct tokens *tokens, struct str token);
void tokens_release(struct tokens *tokens);
