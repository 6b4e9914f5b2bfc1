#include "tests/support/again.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"

enum decode_outcome usage_again(struct str bytes, struct packer *out)
{
    struct usage_records room = {0};
    struct message message;
    enum decode_outcome outcome = usage_decode(bytes, &room, &message);
    if (outcome == DECODE_OK)
        usage_encode(&message, out);
    usage_records_release(&room);
    return outcome;
}

enum decode_outcome frame_again(struct str bytes, struct packer *out)
{
    struct frame_rows rows = {0};
    struct frame frame;
    struct frame_writer writer = {0};
    uint8_t hash[FRAME_HASH_SIZE];
    enum decode_outcome outcome = frame_decode(bytes, &rows, &frame);
    if (outcome == DECODE_OK) {
        frame_encode(&writer, &frame, out, hash);
        CHECK(memcmp(hash, frame.hash, FRAME_HASH_SIZE) == 0);
    }
    frame_writer_release(&writer);
    frame_rows_release(&rows);
    return outcome;
}

enum decode_outcome snapshot_chunk_again(struct str bytes, struct packer *out)
{
    struct snapshot_chunk chunk;
    enum decode_outcome outcome = snapshot_chunk_decode(bytes, &chunk);
    if (outcome == DECODE_OK)
        snapshot_chunk_encode(&chunk, out);
    return outcome;
}

enum decode_outcome snapshot_manifest_again(struct str bytes, struct packer *out)
{
    struct snapshot_manifest manifest;
    enum decode_outcome outcome = snapshot_manifest_decode(bytes, &manifest);
    if (outcome == DECODE_OK)
        snapshot_manifest_encode(&manifest, out);
    return outcome;
}

enum decode_outcome generation_again(struct str bytes, struct packer *out)
{
    struct generation generation;
    enum decode_outcome outcome = generation_decode(bytes, &generation);
    if (outcome == DECODE_OK)
        generation_encode(&generation, out);
    return outcome;
}

enum decode_outcome reject_again(struct str bytes, struct packer *out)
{
    struct reject reject;
    enum decode_outcome outcome = reject_decode(bytes, &reject);
    if (outcome == DECODE_OK)
        reject_encode(&reject, out);
    return outcome;
}

enum decode_outcome again_is_same(again *of, struct str bytes)
{
    char *exact = malloc(bytes.size);
    CHECK(exact != NULL || bytes.size == 0);
    if (bytes.size > 0)
        memcpy(exact, bytes.at, bytes.size);
    struct packer out = {0};
    enum decode_outcome outcome = of((struct str){exact, bytes.size}, &out);
    if (outcome == DECODE_OK)
        CHECK(str_equal((struct str){out.bytes.at, out.bytes.count}, bytes));
    vec_release(&out.bytes);
    free(exact);
    return outcome;
}

void again_survives(again *of, struct str bytes)
{
    char *copy = malloc(bytes.size + 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes.at, bytes.size);
    for (uint32_t size = 0; size < bytes.size; size++)
        CHECK(again_is_same(of, (struct str){copy, size}) != DECODE_OK);
    for (int byte = 0; byte < 256; byte++) {
        copy[bytes.size] = (char)byte;
        CHECK(again_is_same(of, (struct str){copy, bytes.size + 1}) != DECODE_OK);
    }
    for (uint32_t at = 0; at < bytes.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            copy[at] = (char)(bytes.at[at] ^ 1 << bit);
            again_is_same(of, (struct str){copy, bytes.size});
        }
        copy[at] = bytes.at[at];
    }
    free(copy);
}
