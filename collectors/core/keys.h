/* A short, fixed list of names, looked up by their bytes: the keys of an object, the types of events. */
#pragma once

#include "lib/base/table.h"

enum { KEYS_MAX = 64 };

struct keys {
    struct str names[KEYS_MAX];
    int count;
    struct table index;
};

/* The name is not in the list yet; its bytes stay the caller's. Its place is the count before. */
void keys_add(struct keys *keys, struct str name);
/* The place of a name in the list, or -1. */
int keys_find(const struct keys *keys, struct str name);
void keys_release(struct keys *keys);
