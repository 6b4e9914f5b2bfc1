/* A growing array of values: VEC(struct point) points = {0}; vec_push(&points, p).
 *
 * Elements lie side by side at v.at[0 .. v.count - 1]; pushing may move them. Clearing keeps the memory, so
 * that a steady state allocates nothing. Running out of memory ends the process (DESIGN §4: never a verdict).
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define VEC(type)                                                                                            \
    struct {                                                                                                 \
        type *at;                                                                                            \
        uint32_t count;                                                                                      \
        uint32_t capacity;                                                                                   \
    }

/* Memory for at least `need` items of `size` bytes; *capacity says how many. */
void *vec_grown(void *at, uint32_t *capacity, uint32_t need, size_t size);

#define vec_reserve(v, need)                                                                                 \
    do {                                                                                                     \
        if ((need) > (v)->capacity)                                                                          \
            (v)->at = vec_grown((v)->at, &(v)->capacity, (need), sizeof *(v)->at);                           \
    } while (0)

#define vec_push(v, ...)                                                                                     \
    do {                                                                                                     \
        vec_reserve(v, (v)->count + 1);                                                                      \
        (v)->at[(v)->count++] = (__VA_ARGS__);                                                               \
    } while (0)

/* Inserts before index i, moving what follows. */
#define vec_insert(v, i, ...)                                                                                \
    do {                                                                                                     \
        uint32_t vec_i = (i);                                                                                \
        vec_reserve(v, (v)->count + 1);                                                                      \
        memmove((v)->at + vec_i + 1, (v)->at + vec_i, ((v)->count - vec_i) * sizeof *(v)->at);               \
        (v)->at[vec_i] = (__VA_ARGS__);                                                                      \
        (v)->count++;                                                                                        \
    } while (0)

/* Takes out n items from index i on. */
#define vec_remove(v, i, n)                                                                                  \
    do {                                                                                                     \
        uint32_t vec_i = (i), vec_n = (n);                                                                   \
        if (vec_n > 0)                                                                                       \
            memmove((v)->at + vec_i, (v)->at + vec_i + vec_n,                                                \
                    ((v)->count - vec_i - vec_n) * sizeof *(v)->at);                                         \
        (v)->count -= vec_n;                                                                                 \
    } while (0)

#define vec_clear(v) ((void)((v)->count = 0))

#define vec_release(v)                                                                                       \
    do {                                                                                                     \
        free((v)->at);                                                                                       \
        memset((v), 0, sizeof *(v));                                                                         \
    } while (0)
