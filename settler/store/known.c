#include "settler/store/known.h"

#include "lib/base/check.h"

enum { LINE_PLACES = 1 << 16 };

void known_begin(struct known **known)
{
    known_free(*known);
    *known = calloc(1, sizeof **known);
    CHECK(*known != NULL);
    (*known)->lines = calloc(LINE_PLACES, LINE_ID_SIZE);
    CHECK((*known)->lines != NULL);
}

void known_free(struct known *known)
{
    if (known == NULL)
        return;
    prices_release(&known->prices);
    free(known->lines);
    free(known);
}

static uint32_t place_of(const uint8_t id[LINE_ID_SIZE])
{
    return ((uint32_t)id[0] << 8 | id[1]) % LINE_PLACES;
}

bool known_has_line(const struct known *known, const uint8_t id[LINE_ID_SIZE])
{
    static const uint8_t none[LINE_ID_SIZE];
    return memcmp(known->lines[place_of(id)], id, LINE_ID_SIZE) == 0 && memcmp(id, none, LINE_ID_SIZE) != 0;
}

void known_add_line(struct known *known, const uint8_t id[LINE_ID_SIZE])
{
    memcpy(known->lines[place_of(id)], id, LINE_ID_SIZE);
}
