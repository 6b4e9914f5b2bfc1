#include "lib/codec/assemble.h"

#include "lib/base/check.h"

static void drop(struct assembly *assembly)
{
    free(assembly->have);
    vec_release(&assembly->bytes.bytes);
    *assembly = (struct assembly){0};
}

void assembler_release(struct assembler *assembler)
{
    for (int i = 0; i < ASSEMBLIES_MAX; i++)
        drop(&assembler->list[i]);
    vec_release(&assembler->whole.bytes);
}

/* The frame's assembly, or the one that was used longest ago, made new. */
static struct assembly *assembly_of(struct assembler *assembler, const struct frame_part *part,
                                    int64_t offset)
{
    struct assembly *oldest = &assembler->list[0];
    for (int i = 0; i < ASSEMBLIES_MAX; i++) {
        struct assembly *a = &assembler->list[i];
        if (a->parts == part->parts && a->seq == part->seq &&
            memcmp(a->hash, part->hash, FRAME_HASH_SIZE) == 0)
            return a;
        if (a->last_used < oldest->last_used)
            oldest = a;
    }
    drop(oldest);
    oldest->seq = part->seq;
    oldest->parts = part->parts;
    oldest->first_offset = offset;
    memcpy(oldest->hash, part->hash, FRAME_HASH_SIZE);
    oldest->have = calloc(part->parts, sizeof *oldest->have);
    CHECK(oldest->have != NULL);
    return oldest;
}

enum assemble_outcome assemble(struct assembler *assembler, struct str message, int64_t offset,
                               struct str *whole)
{
    struct frame_part part;
    enum decode_outcome outcome = frame_part_decode(message, &part);
    if (outcome != DECODE_OK)
        return outcome == DECODE_OTHER_SCHEMA ? ASSEMBLE_OTHER_SCHEMA : ASSEMBLE_BAD;
    if (part.parts == 1) {
        *whole = part.bytes;
        return ASSEMBLE_FRAME;
    }
    struct assembly *a = assembly_of(assembler, &part, offset);
    a->last_used = ++assembler->clock;
    if (a->have[part.part])
        return ASSEMBLE_MORE;
    uint32_t from = part.part * FRAME_PART_BYTES, end = from + part.bytes.size;
    vec_reserve(&a->bytes.bytes, end);
    memcpy(a->bytes.bytes.at + from, part.bytes.at, part.bytes.size);
    if (end > a->bytes.bytes.count)
        a->bytes.bytes.count = end;
    a->have[part.part] = true;
    if (++a->got < a->parts)
        return ASSEMBLE_MORE;
    vec_clear(&assembler->whole.bytes);
    pack_raw(&assembler->whole, a->bytes.bytes.at, a->bytes.bytes.count);
    drop(a);
    *whole = (struct str){assembler->whole.bytes.at, assembler->whole.bytes.count};
    return ASSEMBLE_FRAME;
}

int64_t assembler_first_offset(const struct assembler *assembler)
{
    int64_t first = INT64_MAX;
    for (int i = 0; i < ASSEMBLIES_MAX; i++)
        if (assembler->list[i].parts > 0 && assembler->list[i].first_offset < first)
            first = assembler->list[i].first_offset;
    return first;
}
