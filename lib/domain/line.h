/* A charge line as analysts see it (CONTRACT §4, §5): ten fields, in one order, in the formats of a sheet. */
#pragma once

#include "lib/domain/sheet.h"

struct line {
    struct str account;
    int64_t hour_s;
    const char *product;
    struct str resource;
    const char *meter;
    struct str sku;
    const char *kind;
    const char *units;  /* decimal digits */
    const char *amount; /* with charge_scale decimals; NULL: unpriced */
    const char *currency;
};

/* What comes before the first line of the format; nothing for NDJSON. */
void line_header(enum sheet_format format, struct packer *out);
void line_print(enum sheet_format format, const struct line *line, struct packer *out);
