#include "settler/store/pg/copy.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

/* 2000-01-01T00:00:00Z, PostgreSQL's epoch. */
#define PG_EPOCH_S INT64_C(946684800)

enum { NUMERIC_GROUP = 4, NUMERIC_DIGITS_MAX = 64, NUMERIC_NEGATIVE = 0x4000 };

static void put_number(struct packer *out, uint64_t value, uint32_t bytes)
{
    char big_endian[8];
    for (uint32_t i = 0; i < bytes; i++)
        big_endian[i] = (char)(value >> (8 * (bytes - 1 - i)));
    pack_raw(out, big_endian, bytes);
}

void copy_begin(struct packer *out)
{
    static const char signature[] = "PGCOPY\n\377\r\n"; /* with its NUL */
    pack_raw(out, signature, sizeof signature);
    put_number(out, 0, 4); /* flags */
    put_number(out, 0, 4); /* no more of a head */
}

void copy_row(struct packer *out, int fields)
{
    put_number(out, (uint64_t)fields, 2);
}

void copy_end(struct packer *out)
{
    put_number(out, UINT16_MAX, 2);
}

void copy_bytes(struct packer *out, const void *at, size_t size)
{
    put_number(out, size, 4);
    pack_raw(out, at, size);
}

void copy_text(struct packer *out, struct str text)
{
    copy_bytes(out, text.at, text.size);
}

void copy_null(struct packer *out)
{
    put_number(out, UINT32_MAX, 4);
}

void copy_bool(struct packer *out, bool value)
{
    put_number(out, 1, 4);
    put_number(out, value, 1);
}

void copy_letter(struct packer *out, char letter)
{
    copy_bytes(out, &letter, sizeof letter);
}

void copy_smallint(struct packer *out, int16_t value)
{
    put_number(out, 2, 4);
    put_number(out, (uint64_t)(int64_t)value, 2);
}

void copy_int(struct packer *out, int32_t value)
{
    put_number(out, 4, 4);
    put_number(out, (uint64_t)(int64_t)value, 4);
}

void copy_bigint(struct packer *out, int64_t value)
{
    put_number(out, 8, 4);
    put_number(out, (uint64_t)value, 8);
}

void copy_time(struct packer *out, int64_t second_s)
{
    copy_bigint(out, (second_s - PG_EPOCH_S) * SECOND_US);
}

void copy_date(struct packer *out, int64_t day_s)
{
    CHECK(day_s % DAY_S == 0);
    copy_int(out, (int32_t)((day_s - PG_EPOCH_S) / DAY_S));
}

void copy_no_date(struct packer *out)
{
    copy_int(out, INT32_MIN);
}

/* Reads `count` decimal digits, as if zeros stood behind the text's end. */
static uint16_t take_group(const char **at, const char *end, uint32_t count)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++) {
        value *= 10;
        if (*at < end)
            value += (uint32_t)(*(*at)++ - '0');
    }
    return (uint16_t)value;
}

/* Groups of four digits, aligned to the point; leading and trailing groups of zero are left out. */
void copy_numeric(struct packer *out, struct str text)
{
    uint16_t groups[NUMERIC_DIGITS_MAX];
    CHECK(text.size > 0);
    bool negative = text.at[0] == '-';
    const char *at = text.at + negative, *end = text.at + text.size;
    const char *point = memchr(at, '.', (size_t)(end - at));
    point = point == NULL ? end : point;
    uint32_t whole = (uint32_t)(point - at), scale = point < end ? (uint32_t)(end - point - 1) : 0;
    uint32_t count = 0, whole_groups = (whole + NUMERIC_GROUP - 1) / NUMERIC_GROUP;
    CHECK(whole_groups + scale / NUMERIC_GROUP + 1 <= NUMERIC_DIGITS_MAX);
    for (uint32_t i = 0; i < whole_groups; i++)
        groups[count++] =
            take_group(&at, point, i == 0 ? whole - (whole_groups - 1) * NUMERIC_GROUP : NUMERIC_GROUP);
    for (at = scale > 0 ? point + 1 : end; at < end;)
        groups[count++] = take_group(&at, end, NUMERIC_GROUP);
    uint32_t first = 0;
    while (count > 0 && groups[count - 1] == 0)
        count--;
    while (first < count && groups[first] == 0)
        first++;
    put_number(out, 8 + 2 * (size_t)(count - first), 4);
    put_number(out, count - first, 2);
    put_number(out, first < count ? (uint64_t)(int64_t)whole_groups - 1 - first : 0, 2);
    put_number(out, negative ? NUMERIC_NEGATIVE : 0, 2);
    put_number(out, scale, 2);
    for (; first < count; first++)
        put_number(out, groups[first], 2);
}
