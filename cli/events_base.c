#include "cli/events_base.h"

#include "aggregator/core/pieces.h"

/* --- which snapshots there are --- */

struct listing {
    uint32_t partition;
    int64_t low;
    VEC(uint64_t) seqs; /* in order, each once */
};

static void note(struct listing *listing, uint64_t seq)
{
    uint32_t at = listing->seqs.count;
    while (at > 0 && listing->seqs.at[at - 1] > seq)
        at--;
    if (at == 0 || listing->seqs.at[at - 1] != seq)
        vec_insert(&listing->seqs, at, seq);
}

static bool list_manifest(void *context, const struct read_part *part, const struct log_message *message)
{
    struct listing *listing = context;
    struct snapshot_manifest manifest;
    (void)part;
    if (message->value.size > 0 && snapshot_manifest_decode(message->value, &manifest) == DECODE_OK &&
        manifest.partition == listing->partition && manifest.next_offset >= listing->low)
        note(listing, manifest.seq);
    return true;
}

/* --- one of them --- */

struct gathering {
    struct pieces pieces;
    struct kept kept;
};

static bool take_piece(void *context, const struct read_part *part, const struct log_message *message)
{
    struct gathering *gathering = context;
    (void)part;
    pieces_take(&gathering->pieces, message->key, message->value, &gathering->kept);
    return true;
}

static enum error_class read_snapshots(const struct read_source *source, const struct topics *topics,
                                       uint32_t partition, read_visit *visit, void *context,
                                       struct error *error)
{
    struct reading reading = {0};
    read_add(&reading, topics->snapshots, partition, 0, NULL);
    enum error_class class = read_through(&reading, source, visit, context, error);
    if (class == ERROR_NONE && !read_done(&reading))
        class = error_set(error, ERROR_RETRY, topics->snapshots, "told to stop");
    read_release(&reading);
    return class;
}

/* *fold NULL: not all of it is there any more. */
static enum error_class restore(const struct read_source *source, const struct topics *topics,
                                uint32_t partition, uint64_t seq, struct fold **fold, struct error *error)
{
    struct gathering gathering = {0};
    struct snapshot_manifest manifest;
    struct packer bytes = {0};
    pieces_init(&gathering.pieces, partition, seq + 1);
    enum error_class class = read_snapshots(source, topics, partition, take_piece, &gathering, error);
    if (class == ERROR_NONE && pieces_join(&gathering.pieces, &manifest, &bytes) == PIECES_WHOLE &&
        manifest.seq == seq)
        *fold = fold_restore((struct str){bytes.bytes.at, bytes.bytes.count}, manifest.digest);
    vec_release(&bytes.bytes);
    pieces_release(&gathering.pieces);
    kept_release(&gathering.kept);
    return class;
}

enum error_class events_base_find(const struct read_source *source, const struct topics *topics,
                                  uint32_t partition, int64_t low, struct fold **fold, struct error *error)
{
    struct listing listing = {.partition = partition, .low = low};
    *fold = NULL;
    enum error_class class = read_snapshots(source, topics, partition, list_manifest, &listing, error);
    for (uint32_t i = 0; i < listing.seqs.count && class == ERROR_NONE && *fold == NULL; i++)
        class = restore(source, topics, partition, listing.seqs.at[i], fold, error);
    vec_release(&listing.seqs);
    return class;
}
