#include "lib/base/arena.h"

#include "lib/base/check.h"

enum { BLOCK_SIZE = 64 * 1024, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(ALIGNMENT) char bytes[];
};

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = malloc(sizeof *block + size);
    CHECK(block != NULL);
    *block = (struct arena_block){NULL, size};
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    struct arena_block *block = arena->current;
    while (block == NULL || block->size - arena->used < size) {
        struct arena_block *next = block == NULL ? arena->first : block->next;
        if (next == NULL || next->size < size) {
            struct arena_block *fresh = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
            fresh->next = next;
            if (block == NULL)
                arena->first = fresh;
            else
                block->next = fresh;
            next = fresh;
        }
        arena->current = block = next;
        arena->used = 0;
    }
    void *taken = block->bytes + arena->used;
    arena->used += size;
    return taken;
}

struct str arena_copy(struct arena *arena, struct str text)
{
    if (text.size == 0)
        return (struct str){"", 0};
    char *copy = arena_take(arena, text.size);
    memcpy(copy, text.at, text.size);
    return (struct str){copy, text.size};
}

void arena_reset(struct arena *arena)
{
    arena->current = NULL;
    arena->used = 0;
}

void arena_release(struct arena *arena)
{
    for (struct arena_block *block = arena->first; block != NULL;) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    *arena = (struct arena){0};
}
