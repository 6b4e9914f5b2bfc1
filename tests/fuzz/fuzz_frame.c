/* Any bytes as the body of a frame with the right hash, and as a message of the topics that only we write:
 * refused, or the one encoding of what they say. The first byte chooses. */
#include "lib/base/check.h"
#include "lib/codec/frame.h"
#include "lib/codec/json_out.h"
#include "lib/codec/wire.h"
#include "schemas/fingerprints.h"
#include "tests/support/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    uint64_t schema;
    again *decode_and_encode;
} kinds[] = {
    {SCHEMA_FRAME, frame_again},
    {SCHEMA_SNAPSHOT_CHUNK, snapshot_chunk_again},
    {SCHEMA_SNAPSHOT_MANIFEST, snapshot_manifest_again},
    {SCHEMA_GENERATION, generation_again},
    {SCHEMA_REJECT_2, reject_again},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static void print_frame(struct str bytes)
{
    static struct frame_rows rows;
    static struct packer line;
    struct frame frame;
    struct json_place place = {.key = STR("key")};
    CHECK(frame_decode(bytes, &rows, &frame) == DECODE_OK);
    vec_clear(&line.bytes);
    json_out_frame(&place, &frame, &line);
    CHECK(memchr(line.bytes.at, '\n', line.bytes.count) == line.bytes.at + line.bytes.count - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packer whole;
    if (size == 0)
        return 0;
    uint32_t kind = data[0] % KINDS;
    vec_clear(&whole.bytes);
    wire_put_header(&whole, kinds[kind].schema);
    pack_raw(&whole, data + 1, size - 1);
    if (kinds[kind].schema == SCHEMA_FRAME) {
        uint8_t hash[FRAME_HASH_SIZE];
        digest_of(whole.bytes.at, whole.bytes.count, hash);
        pack_raw(&whole, hash, sizeof hash);
    }
    struct str bytes = {whole.bytes.at, whole.bytes.count};
    enum decode_outcome outcome = again_is_same(kinds[kind].decode_and_encode, bytes);
    CHECK(outcome == DECODE_OK || outcome == DECODE_MALFORMED);
    if (outcome == DECODE_OK && kinds[kind].schema == SCHEMA_FRAME)
        print_frame(bytes);
    return 0;
}
