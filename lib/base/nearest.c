#include "lib/base/nearest.h"

#include <string.h>

enum { LENGTH_MAX = 63 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b)
{
    size_t rows[3][LENGTH_MAX + 1]; /* of the first i bytes of a, in turn */
    size_t a_size = strnlen(a, LENGTH_MAX), b_size = strnlen(b, LENGTH_MAX);
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            row[j] = least(least(before[j], row[j - 1]) + 1, before[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], two_before[j - 2] + 1);
        }
    }
    return rows[a_size % 3][b_size];
}

struct nearest nearest_to(const char *wanted)
{
    size_t third = strlen(wanted) / 3;
    return (struct nearest){.wanted = wanted, .distance = (third > 2 ? third : 2) + 1};
}

void nearest_look(struct nearest *nearest, const char *word)
{
    size_t distance = nearest_distance(nearest->wanted, word);
    if (distance >= nearest->distance || distance >= strlen(word))
        return;
    nearest->distance = distance;
    nearest->word = word;
}
