/* Random numbers for tests: the same ones for the same seed, everywhere (splitmix64). */
#pragma once

#include <stdint.h>

struct random {
    uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
    uint64_t z = (random->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Seeds are mixed: those of neighbours would be one sequence, a step apart. */
static inline struct random random_of(uint64_t seed)
{
    struct random random = {seed};
    return (struct random){random_next(&random)};
}

/* 0 .. limit - 1 */
static inline uint32_t random_below(struct random *random, uint32_t limit)
{
    return (uint32_t)(random_next(random) % limit);
}
