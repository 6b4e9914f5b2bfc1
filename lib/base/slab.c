#include "lib/base/slab.h"

#include "lib/base/check.h"

static uint32_t class_of(uint32_t size)
{
    CHECK(size > 0 && size <= SLAB_SIZE_MAX);
    return (size + SLAB_CLASS - 1) / SLAB_CLASS;
}

struct str slab_copy(struct slab *slab, struct str text)
{
    uint32_t class = class_of(text.size);
    void *piece = slab->free_lists[class];
    if (piece != NULL)
        memcpy(&slab->free_lists[class], piece, sizeof(void *));
    else
        piece = arena_take(&slab->blocks, (size_t) class * SLAB_CLASS);
    memcpy(piece, text.at, text.size);
    return (struct str){piece, text.size};
}

void slab_free(struct slab *slab, struct str text)
{
    uint32_t class = class_of(text.size);
    union {
        const char *given;
        void *piece;
    } owned = {.given = text.at}; /* slab_copy handed it out as const; it is ours again */
    memcpy(owned.piece, &slab->free_lists[class], sizeof(void *));
    slab->free_lists[class] = owned.piece;
}

void slab_release(struct slab *slab)
{
    arena_release(&slab->blocks);
    memset(slab, 0, sizeof *slab);
}
