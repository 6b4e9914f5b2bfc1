/* Any bytes as the body of a message of usage.records: refused, or the one encoding of what they say, which
 * prints as JSON whatever it is. */
#include "lib/base/check.h"
#include "lib/codec/json_out.h"
#include "lib/codec/usage.h"
#include "lib/codec/wire.h"
#include "schemas/fingerprints.h"
#include "tests/support/again.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print(struct str bytes)
{
    static struct usage_records room;
    static struct packer line;
    struct message message;
    struct json_place place = {.key = STR("key")};
    CHECK(usage_decode(bytes, &room, &message) == DECODE_OK);
    vec_clear(&line.bytes);
    json_out_usage(&place, &message, &line);
    CHECK(memchr(line.bytes.at, '\n', line.bytes.count) == line.bytes.at + line.bytes.count - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packer whole;
    vec_clear(&whole.bytes);
    wire_put_header(&whole, SCHEMA_USAGE_MESSAGE);
    pack_raw(&whole, data, size);
    struct str bytes = {whole.bytes.at, whole.bytes.count};
    if (again_is_same(usage_again, bytes) == DECODE_OK)
        print(bytes);
    return 0;
}
