#include "aggregator/core/controls.h"

#include "lib/base/check.h"

bool controls_have(const struct controls *controls, const uint8_t hash[CONTROL_HASH_SIZE])
{
    for (uint32_t i = 0; i < controls->list.count; i++)
        if (memcmp(controls->list.at[i].hash, hash, CONTROL_HASH_SIZE) == 0)
            return true;
    return false;
}

bool controls_follow(const struct controls *controls, const struct control_origin *origin)
{
    static const uint8_t none[CONTROL_HASH_SIZE];
    uint32_t count = controls->list.count;
    const uint8_t *last = count == 0 ? none : controls->list.at[count - 1].hash;
    return memcmp(last, origin->prev_hash, CONTROL_HASH_SIZE) == 0;
}

static bool add(struct controls *controls, const struct control_entry *entry)
{
    struct control_entry copy = *entry;
    if (copy.holds) {
        if (!prices_add(&controls->prices, copy.catalog.from_s, copy.catalog.text))
            return false;
        copy.catalog.text = arena_copy(&controls->texts, copy.catalog.text);
    } else {
        copy.catalog.text = STR("");
    }
    vec_push(&controls->list, copy);
    return true;
}

bool controls_add(struct controls *controls, const struct message *message, bool holds)
{
    struct control_entry entry = {.holds = holds, .catalog = message->catalog};
    memcpy(entry.hash, message->origin.hash, CONTROL_HASH_SIZE);
    return add(controls, &entry);
}

int64_t controls_until_s(const struct controls *controls, int64_t from_s)
{
    for (uint32_t i = 0; i < controls->prices.list.count; i++)
        if (controls->prices.list.at[i].from_s > from_s)
            return controls->prices.list.at[i].from_s;
    return INT64_MAX;
}

/* --- snapshots --- */

void controls_pack(const struct controls *controls, struct packer *out)
{
    pack_u64(out, controls->list.count);
    for (uint32_t i = 0; i < controls->list.count; i++) {
        const struct control_entry *entry = &controls->list.at[i];
        pack_raw(out, entry->hash, CONTROL_HASH_SIZE);
        pack_u64(out, entry->holds);
        pack_u64(out, (uint64_t)entry->catalog.from_s);
        pack_str(out, entry->catalog.text);
    }
}

void controls_unpack(struct controls *controls, struct unpacker *in)
{
    uint32_t count = unpack_count(in, CONTROL_HASH_SIZE + 2 * sizeof(uint64_t) + sizeof(uint32_t));
    for (uint32_t i = 0; i < count && !in->bad; i++) {
        struct control_entry entry = {0};
        unpack_raw(in, entry.hash, CONTROL_HASH_SIZE);
        uint64_t holds = unpack_u64(in);
        entry.holds = holds != 0;
        entry.catalog.from_s = (int64_t)unpack_u64(in);
        entry.catalog.text = unpack_str(in);
        if (in->bad || holds > 1 || !add(controls, &entry))
            in->bad = true;
    }
}

void controls_release(struct controls *controls)
{
    vec_release(&controls->list);
    prices_release(&controls->prices);
    arena_release(&controls->texts);
}
