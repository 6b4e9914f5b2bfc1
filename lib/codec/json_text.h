/* JSON as text, piece by piece: values, and members that put their own commas. */
#pragma once

#include "lib/base/pack.h"

/* '{', '[': begins; '}', ']': ends. */
void json_put_mark(struct packer *out, char mark);
/* A comma unless it is the first, and for a member its name. What follows is its value. */
void json_put_item(struct packer *out);
void json_put_key(struct packer *out, const char *key);
/* A string. Bytes that are no UTF-8 become U+FFFD each. */
void json_put_str(struct packer *out, struct str text);
void json_put_raw(struct packer *out, const char *text);

void json_member_str(struct packer *out, const char *key, struct str value);
void json_member_long(struct packer *out, const char *key, int64_t value);
void json_member_bool(struct packer *out, const char *key, bool value);
void json_member_u128(struct packer *out, const char *key, unsigned __int128 value);
void json_member_hex(struct packer *out, const char *key, const uint8_t *at, size_t size);
/* RFC 3339 with as many decimals as it needs; null where no year of four digits after 1970 has it. */
void json_member_time_us(struct packer *out, const char *key, int64_t us);
void json_member_time_s(struct packer *out, const char *key, int64_t second_s);
