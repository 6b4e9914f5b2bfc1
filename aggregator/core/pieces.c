#include "aggregator/core/pieces.h"

#include <stdio.h>

#include "lib/base/check.h"

uint32_t snapshot_chunk_count(uint32_t size_bytes)
{
    return size_bytes / SNAPSHOT_CHUNK_BYTES + (size_bytes % SNAPSHOT_CHUNK_BYTES > 0);
}

void snapshot_manifest_key(char key[SNAPSHOT_KEY_SIZE], uint32_t partition, uint64_t seq)
{
    snprintf(key, SNAPSHOT_KEY_SIZE, "%u/%llu/manifest", partition, (unsigned long long)seq);
}

void snapshot_chunk_key(char key[SNAPSHOT_KEY_SIZE], uint32_t partition, uint64_t seq, uint32_t index)
{
    snprintf(key, SNAPSHOT_KEY_SIZE, "%u/%llu/%u", partition, (unsigned long long)seq, index);
}

void pieces_init(struct pieces *pieces, uint32_t partition, uint64_t below)
{
    *pieces = (struct pieces){.partition = partition, .below = below};
}

void pieces_release(struct pieces *pieces)
{
    for (uint32_t i = 0; i < pieces->list.count; i++)
        free(pieces->list.at[i].owned);
    vec_release(&pieces->list);
    vec_release(&pieces->manifests);
}

/* The first piece that is not before (seq, index). */
static uint32_t place_of(const struct pieces *pieces, uint64_t seq, uint32_t index)
{
    uint32_t i = pieces->list.count;
    while (i > 0 && (pieces->list.at[i - 1].seq > seq ||
                     (pieces->list.at[i - 1].seq == seq && pieces->list.at[i - 1].index >= index)))
        i--;
    return i;
}

static void drop_pieces(struct pieces *pieces, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        free(pieces->list.at[i].owned);
    vec_remove(&pieces->list, first, end - first);
}

static void drop_manifests(struct pieces *pieces, uint64_t from_seq, uint64_t to_seq)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < pieces->manifests.count; i++)
        if (pieces->manifests.at[i].seq < from_seq || pieces->manifests.at[i].seq >= to_seq)
            pieces->manifests.at[left++] = pieces->manifests.at[i];
    pieces->manifests.count = left;
}

static void drop_snapshots(struct pieces *pieces, uint64_t from_seq, uint64_t to_seq)
{
    drop_pieces(pieces, place_of(pieces, from_seq, 0), place_of(pieces, to_seq, 0));
    drop_manifests(pieces, from_seq, to_seq);
}

static const struct snapshot_manifest *manifest_of(const struct pieces *pieces, uint64_t seq)
{
    for (uint32_t i = pieces->manifests.count; i > 0; i--)
        if (pieces->manifests.at[i - 1].seq == seq)
            return &pieces->manifests.at[i - 1];
    return NULL;
}

/* Whether all of it is here now; then what is older goes. */
static void note_whole(struct pieces *pieces, uint64_t seq)
{
    const struct snapshot_manifest *manifest = manifest_of(pieces, seq);
    uint32_t first = place_of(pieces, seq, 0);
    uint32_t have = place_of(pieces, seq + 1, 0) - first;
    if (manifest == NULL || have < manifest->chunks || (pieces->whole && seq < pieces->whole_seq))
        return;
    pieces->whole = true;
    pieces->whole_seq = seq;
    drop_snapshots(pieces, 0, seq);
}

static bool wanted(const struct pieces *pieces, uint32_t partition, uint64_t seq)
{
    return partition == pieces->partition && seq < pieces->below &&
           !(pieces->whole && seq < pieces->whole_seq);
}

static void take_chunk(struct pieces *pieces, const struct snapshot_chunk *chunk)
{
    if (!wanted(pieces, chunk->partition, chunk->seq))
        return;
    uint32_t at = place_of(pieces, chunk->seq, chunk->index);
    const struct piece *there = at < pieces->list.count ? &pieces->list.at[at] : NULL;
    if (there != NULL && there->seq == chunk->seq && there->index == chunk->index)
        return; /* the same bytes, by another owner */
    struct piece piece = {chunk->seq, chunk->index, malloc(chunk->bytes.size), chunk->bytes.size};
    CHECK(piece.owned != NULL);
    memcpy(piece.owned, chunk->bytes.at, chunk->bytes.size);
    vec_insert(&pieces->list, at, piece);
    note_whole(pieces, chunk->seq);
}

/* A key without a value: its message was given up. Of a manifest's, the snapshot was. */
static void take_tombstone(struct pieces *pieces, struct str key, struct kept *kept)
{
    for (uint32_t i = 0; i < kept->list.count; i++) {
        uint64_t seq = kept->list.at[i].seq;
        char manifest_key[SNAPSHOT_KEY_SIZE];
        snapshot_manifest_key(manifest_key, pieces->partition, seq);
        if (!str_equal(key, str_of(manifest_key)))
            continue;
        kept_forget(kept, seq);
        if (!pieces->whole || seq != pieces->whole_seq) /* one that is whole is good still */
            drop_snapshots(pieces, seq, seq + 1);
        return;
    }
}

void pieces_take(struct pieces *pieces, struct str key, struct str value, struct kept *kept)
{
    struct snapshot_chunk chunk;
    struct snapshot_manifest manifest;
    if (value.size == 0) {
        take_tombstone(pieces, key, kept);
    } else if (snapshot_chunk_decode(value, &chunk) == DECODE_OK) {
        take_chunk(pieces, &chunk);
    } else if (snapshot_manifest_decode(value, &manifest) == DECODE_OK &&
               manifest.partition == pieces->partition) {
        kept_note(kept, (struct kept_snapshot){manifest.seq, manifest.chunks, true});
        if (!wanted(pieces, manifest.partition, manifest.seq))
            return;
        drop_manifests(pieces, manifest.seq, manifest.seq + 1);
        vec_push(&pieces->manifests, manifest);
        note_whole(pieces, manifest.seq);
    }
}

enum pieces_outcome pieces_join(struct pieces *pieces, struct snapshot_manifest *manifest,
                                struct packer *bytes)
{
    if (!pieces->whole)
        return PIECES_NONE;
    *manifest = *manifest_of(pieces, pieces->whole_seq);
    uint32_t first = place_of(pieces, manifest->seq, 0);
    if (pieces->list.count - first < manifest->chunks)
        return PIECES_BAD; /* two manifests of one number that differ */
    uint32_t before = bytes->bytes.count;
    uint32_t room = before;
    for (uint32_t i = 0; i < manifest->chunks; i++)
        room += pieces->list.at[first + i].size_bytes;
    vec_reserve(&bytes->bytes, room);
    bool in_order = true;
    for (uint32_t i = 0; i < manifest->chunks; i++) {
        struct piece *piece = &pieces->list.at[first + i];
        in_order = in_order && piece->seq == manifest->seq && piece->index == i;
        pack_raw(bytes, piece->owned, piece->size_bytes);
        free(piece->owned); /* so that the state is not in memory twice */
        piece->owned = NULL;
    }
    uint8_t digest[DIGEST_SIZE];
    uint32_t size = bytes->bytes.count - before;
    digest_of(bytes->bytes.at + before, size, digest);
    if (in_order && size == manifest->size_bytes && memcmp(digest, manifest->digest, sizeof digest) == 0)
        return PIECES_WHOLE;
    return PIECES_BAD;
}
