/* When to look at resources that nothing touches: what time alone changes in their states (DESIGN §4, `due`).
 *
 * A binary heap by time. An entry may be older than what its resource waits for now: the resource says. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"

struct due_entry {
    int64_t time_us;
    uint32_t resource;
};

struct due {
    VEC(struct due_entry) heap;
};

void due_add(struct due *due, struct due_entry entry);
/* Takes out the earliest entry at or before now_us. False: there is none. */
bool due_take(struct due *due, int64_t now_us, struct due_entry *entry);
void due_release(struct due *due);
