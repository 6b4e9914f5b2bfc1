#include "lib/codec/wire.h"

#include "lib/base/check.h"
#include "lib/base/utf8.h"

static const unsigned char magic[2] = {0xC3, 0x01};

enum { LONG_BYTES_MAX = 10 };

/* Room for `size` bytes more; what is written there is taken by used(). */
static char *room(struct packer *out, size_t size)
{
    CHECK(size < UINT32_MAX - out->bytes.count);
    vec_reserve(&out->bytes, out->bytes.count + (uint32_t)size);
    return out->bytes.at + out->bytes.count;
}

static void used(struct packer *out, const char *end)
{
    out->bytes.count = (uint32_t)(end - out->bytes.at);
}

/* Zig-zag, then seven bits a byte, the least first. Returns the end of what it wrote. */
static char *write_long(char *at, int64_t value)
{
    uint64_t rest = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    for (; rest > 0x7F; rest >>= 7)
        *at++ = (char)(rest | 0x80);
    *at++ = (char)rest;
    return at;
}

void wire_put_header(struct packer *out, uint64_t fingerprint)
{
    pack_raw(out, magic, sizeof magic);
    pack_u64(out, fingerprint);
}

void wire_put_long(struct packer *out, int64_t value)
{
    /* Most longs are one byte: numbers of names, kinds, small counts. */
    if (value >= -0x40 && value < 0x40 && out->bytes.count < out->bytes.capacity) {
        out->bytes.at[out->bytes.count++] = (char)(value < 0 ? -2 * value - 1 : 2 * value);
        return;
    }
    used(out, write_long(room(out, LONG_BYTES_MAX), value));
}

void wire_put_long_in(struct packer *out, int64_t value, int64_t least, int64_t most)
{
    CHECK(value >= least && value <= most);
    wire_put_long(out, value);
}

void wire_put_string(struct packer *out, struct str value, uint32_t most)
{
    CHECK(value.size <= most);
    char *at = write_long(room(out, LONG_BYTES_MAX + (size_t)value.size), value.size);
    if (value.size > 0)
        memcpy(at, value.at, value.size);
    used(out, at + value.size);
}

void wire_put_name(struct packer *out, struct str value, uint32_t least)
{
    CHECK(value.size >= least);
    wire_put_string(out, value, LIMIT_NAME_BYTES);
}

void wire_put_bool(struct packer *out, bool value)
{
    unsigned char byte = value;
    pack_raw(out, &byte, 1);
}

void wire_put_array(struct packer *out, uint32_t count)
{
    if (count > 0)
        wire_put_long(out, count);
}

void wire_put_array_end(struct packer *out)
{
    wire_put_long(out, 0);
}

enum decode_outcome wire_open(struct unpacker *in, struct str bytes, uint64_t fingerprint)
{
    *in = (struct unpacker){bytes.at, bytes.at + bytes.size, false};
    uint64_t found;
    if (bytes.size < WIRE_HEADER_SIZE || memcmp(bytes.at, magic, sizeof magic) != 0)
        return DECODE_MALFORMED;
    memcpy(&found, bytes.at + sizeof magic, sizeof found);
    if (found != fingerprint)
        return DECODE_OTHER_SCHEMA;
    in->at += WIRE_HEADER_SIZE;
    return DECODE_OK;
}

enum decode_outcome wire_close(const struct unpacker *in)
{
    return in->bad || in->at != in->end ? DECODE_MALFORMED : DECODE_OK;
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

int64_t wire_take_long(struct unpacker *in)
{
    /* Most longs are one byte: sizes of names, kinds, small counts. */
    if (!in->bad && in->at < in->end && (unsigned char)*in->at < 0x80)
        return unzigzag((unsigned char)*in->at++);
    uint64_t value = 0;
    for (unsigned shift = 0; !in->bad; shift += 7) {
        if (in->at == in->end || shift > 63)
            break;
        unsigned char byte = (unsigned char)*in->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) != 0)
            continue;
        /* A last byte of zero is longer than need be; the tenth has one bit. */
        if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1))
            break;
        return unzigzag(value);
    }
    in->bad = true;
    return 0;
}

int64_t wire_take_long_in(struct unpacker *in, int64_t least, int64_t most)
{
    int64_t value = wire_take_long(in);
    if (value >= least && value <= most)
        return value;
    in->bad = true;
    return least;
}

struct str wire_take_string(struct unpacker *in, uint32_t least, uint32_t most)
{
    int64_t size = wire_take_long_in(in, least, most);
    if (in->bad || size > in->end - in->at) {
        in->bad = true;
        return (struct str){"", 0};
    }
    struct str value = {in->at, (uint32_t)size};
    in->at += size;
    return value;
}

/* Length of the character at `at`; 0: there is none, or a control character. */
static uint32_t character_size(const char *at, size_t left)
{
    unsigned char first = (unsigned char)at[0];
    bool control =
        first < 0x20 || first == 0x7F || (first == 0xC2 && left > 1 && (unsigned char)at[1] < 0xA0);
    return control ? 0 : utf8_size(at, (uint32_t)left);
}

enum { WORD = sizeof(uint64_t) };

/* Eight characters at a time are printable ASCII: no byte is above 0x7E or below 0x20. */
static bool word_is_plain(const unsigned char *at)
{
    const uint64_t ones = 0x0101010101010101u, highs = ones * 0x80;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t below = word - ones * 0x20; /* borrows where a byte is below 0x20 */
    uint64_t above = word + ones;        /* carries into the high bit where a byte is 0x7F */
    return ((word | below | above) & highs) == 0;
}

static bool is_text(struct str text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    for (size_t i = 0; i < text.size;) {
        size_t left = text.size - i, step = left < WORD ? left : WORD;
        /* The last word may reach back into what was looked at already. */
        if (text.size >= WORD && word_is_plain(at + i + step - WORD)) {
            i += step;
            continue;
        }
        uint32_t size = character_size(text.at + i, text.size - i);
        if (size == 0)
            return false;
        i += size;
    }
    return true;
}

struct str wire_take_word(struct unpacker *in, uint32_t least, uint32_t most)
{
    struct str word = wire_take_string(in, least, most);
    if (!is_text(word))
        in->bad = true;
    return word;
}

bool wire_is_name(struct str text)
{
    return text.size <= LIMIT_NAME_BYTES && is_text(text);
}

struct str wire_take_name(struct unpacker *in, uint32_t least)
{
    return wire_take_word(in, least, LIMIT_NAME_BYTES);
}

bool wire_take_bool(struct unpacker *in)
{
    unsigned char byte;
    unpack_raw(in, &byte, 1);
    if (byte > 1)
        in->bad = true;
    return byte == 1;
}

uint32_t wire_take_array(struct unpacker *in, size_t item_size)
{
    /* Our own arrays have one block; an empty one has none, and its end is read by wire_take_array_end. */
    if (!in->bad && in->at < in->end && *in->at == 0)
        return 0;
    int64_t count = wire_take_long(in);
    if (in->bad || count <= 0 || (uint64_t)count > (size_t)(in->end - in->at) / item_size) {
        in->bad = true;
        return 0;
    }
    return (uint32_t)count;
}

void wire_take_array_end(struct unpacker *in)
{
    if (wire_take_long(in) != 0)
        in->bad = true;
}
