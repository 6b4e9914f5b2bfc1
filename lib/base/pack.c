#include "lib/base/pack.h"

#include "lib/base/check.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed integers are copied as they lie");

void pack_raw(struct packer *packer, const void *at, size_t size)
{
    CHECK(size < UINT32_MAX - packer->bytes.count);
    vec_reserve(&packer->bytes, packer->bytes.count + (uint32_t)size);
    if (size > 0)
        memcpy(packer->bytes.at + packer->bytes.count, at, size);
    packer->bytes.count += (uint32_t)size;
}

void pack_u64(struct packer *packer, uint64_t value)
{
    pack_raw(packer, &value, sizeof value);
}

void pack_u128(struct packer *packer, unsigned __int128 value)
{
    pack_raw(packer, &value, sizeof value);
}

void pack_short(struct packer *packer, unsigned __int128 value)
{
    char bytes[19];
    size_t size = 0;
    for (; value > 0x7f; value >>= 7)
        bytes[size++] = (char)(0x80 | (value & 0x7f));
    bytes[size++] = (char)value;
    pack_raw(packer, bytes, size);
}

void pack_str(struct packer *packer, struct str value)
{
    pack_raw(packer, &value.size, sizeof value.size);
    pack_raw(packer, value.at, value.size);
}

void unpack_raw(struct unpacker *unpacker, void *out, size_t size)
{
    if (unpacker->bad || (size_t)(unpacker->end - unpacker->at) < size) {
        unpacker->bad = true;
        memset(out, 0, size);
        return;
    }
    memcpy(out, unpacker->at, size);
    unpacker->at += size;
}

uint64_t unpack_u64(struct unpacker *unpacker)
{
    uint64_t value;
    unpack_raw(unpacker, &value, sizeof value);
    return value;
}

unsigned __int128 unpack_u128(struct unpacker *unpacker)
{
    unsigned __int128 value;
    unpack_raw(unpacker, &value, sizeof value);
    return value;
}

unsigned __int128 unpack_short(struct unpacker *unpacker, unsigned __int128 most)
{
    unsigned __int128 value = 0;
    uint8_t byte = 0x80;
    for (int shift = 0; (byte & 0x80) != 0; shift += 7) {
        unpack_raw(unpacker, &byte, sizeof byte);
        unsigned __int128 bits = byte & 0x7f;
        if (shift >= 128 || bits << shift >> shift != bits)
            unpacker->bad = true;
        else
            value |= bits << shift;
        if (unpacker->bad)
            return 0;
    }
    unpacker->bad = value > most;
    return unpacker->bad ? 0 : value;
}

struct str unpack_slice(struct unpacker *unpacker, size_t size)
{
    if (unpacker->bad || (size_t)(unpacker->end - unpacker->at) < size) {
        unpacker->bad = true;
        return (struct str){"", 0};
    }
    struct str value = {unpacker->at, (uint32_t)size};
    unpacker->at += size;
    return value;
}

struct str unpack_str(struct unpacker *unpacker)
{
    uint32_t size;
    unpack_raw(unpacker, &size, sizeof size);
    return unpack_slice(unpacker, size);
}

uint32_t unpack_count(struct unpacker *unpacker, size_t size)
{
    uint64_t count = unpack_u64(unpacker);
    if (!unpacker->bad && count > (size_t)(unpacker->end - unpacker->at) / size)
        unpacker->bad = true;
    return unpacker->bad ? 0 : (uint32_t)count;
}
