#include "settler/store_memory.h"

#include "lib/base/check.h"

enum { LINE_PLACES = 1 << 16 };

void memory_begin(struct store_memory **memory)
{
    memory_free(*memory);
    *memory = calloc(1, sizeof **memory);
    CHECK(*memory != NULL);
    (*memory)->lines = calloc(LINE_PLACES, LINE_ID_SIZE);
    CHECK((*memory)->lines != NULL);
}

void memory_free(struct store_memory *memory)
{
    if (memory == NULL)
        return;
    prices_release(&memory->prices);
    free(memory->lines);
    free(memory);
}

static uint32_t place_of(const uint8_t id[LINE_ID_SIZE])
{
    return ((uint32_t)id[0] << 8 | id[1]) % LINE_PLACES;
}

bool memory_knows_line(const struct store_memory *memory, const uint8_t id[LINE_ID_SIZE])
{
    static const uint8_t none[LINE_ID_SIZE];
    return memcmp(memory->lines[place_of(id)], id, LINE_ID_SIZE) == 0 && memcmp(id, none, LINE_ID_SIZE) != 0;
}

void memory_note_line(struct store_memory *memory, const uint8_t id[LINE_ID_SIZE])
{
    memcpy(memory->lines[place_of(id)], id, LINE_ID_SIZE);
}
