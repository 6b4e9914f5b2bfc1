#include "lib/codec/notice.h"

#include <stdio.h>

#include "lib/codec/json_text.h"

const char *const notice_keys[NOTICE_KEYS] = {
    [NOTICE_ID] = "id",           [NOTICE_ACCOUNT] = "account",     [NOTICE_STATE] = "state",
    [NOTICE_BALANCE] = "balance", [NOTICE_AVAILABLE] = "available", [NOTICE_DEADLINE] = "deadline",
    [NOTICE_AT] = "at",           [NOTICE_CURRENCY] = "currency",
};

void notice_encode(const struct notice_message *notice, struct packer *out)
{
    char id[64];
    snprintf(id, sizeof id, "%u-%llu-%u", notice->partition, (unsigned long long)notice->seq,
             notice->ordinal);
    pack_raw(out, "{", 1);
    json_member_str(out, notice_keys[NOTICE_ID], str_of(id));
    json_member_str(out, notice_keys[NOTICE_ACCOUNT], notice->account);
    json_member_str(out, notice_keys[NOTICE_STATE], notice->state);
    json_member_str(out, notice_keys[NOTICE_BALANCE], notice->balance);
    json_member_str(out, notice_keys[NOTICE_AVAILABLE], notice->available);
    json_member_time_s(out, notice_keys[NOTICE_DEADLINE], notice->deadline_s);
    json_member_time_s(out, notice_keys[NOTICE_AT], notice->at_s);
    json_member_str(out, notice_keys[NOTICE_CURRENCY], notice->currency);
    pack_raw(out, "}", 1);
}

/* --- reading --- */

struct reading {
    const char *at;
    const char *end;
};

static bool take(struct reading *reading, const char *text)
{
    size_t size = strlen(text);
    if ((size_t)(reading->end - reading->at) < size || memcmp(reading->at, text, size) != 0)
        return false;
    reading->at += size;
    return true;
}

/* Of what notice_encode escapes accounts have the quote and the backslash alone. */
static bool take_text(struct reading *reading, struct arena *memory, struct str *out)
{
    if (!take(reading, "\""))
        return false;
    const char *from = reading->at;
    uint32_t escaped = 0;
    for (; reading->at < reading->end && *reading->at != '"'; reading->at++)
        if (*reading->at == '\\') {
            escaped++;
            if (++reading->at == reading->end || (*reading->at != '"' && *reading->at != '\\'))
                return false;
        }
    *out = (struct str){from, (uint32_t)(reading->at - from)};
    if (escaped > 0) {
        char *plain = arena_take(memory, out->size - escaped);
        for (uint32_t i = 0, to = 0; i < out->size; i++)
            plain[to++] = from[from[i] == '\\' ? ++i : i];
        *out = (struct str){plain, out->size - escaped};
    }
    return take(reading, "\"");
}

enum decode_outcome notice_texts(struct str bytes, struct arena *memory, struct str texts[NOTICE_KEYS])
{
    struct reading reading = {bytes.at, bytes.at + bytes.size};
    for (int key = 0; key < NOTICE_KEYS; key++) {
        texts[key] = (struct str){NULL, 0};
        if (!take(&reading, key == 0 ? "{\"" : ",\"") || !take(&reading, notice_keys[key]) ||
            !take(&reading, "\":"))
            return DECODE_MALFORMED;
        bool null = key == NOTICE_DEADLINE && take(&reading, "null");
        if (!null && !take_text(&reading, memory, &texts[key]))
            return DECODE_MALFORMED;
    }
    return take(&reading, "}") && reading.at == reading.end ? DECODE_OK : DECODE_MALFORMED;
}
