/* Which of some words was meant: for "did you mean ...?". */
#pragma once

#include <stddef.h>

/* Single bytes put in, taken out, changed or swapped with their neighbour (optimal string alignment) that
 * turn one word into the other. Words are looked at up to 63 bytes. */
size_t nearest_distance(const char *a, const char *b);

struct nearest {
    const char *wanted;
    const char *word; /* the nearest so far; NULL: none is near enough to be meant */
    size_t distance;
};

/* A word is near enough when at most two bytes are wrong, or a third of what was typed. */
struct nearest nearest_to(const char *wanted);
/* Of words that are equally near, the first. */
void nearest_look(struct nearest *nearest, const char *word);
