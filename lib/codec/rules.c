#include "lib/codec/rules.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

/* The least that a reader takes of each, in the order of the schema's fields. */
static const int64_t least[] = {1, 1, 0, 0, 0, 1, 1, 1, 0};
enum { RULES = sizeof least / sizeof *least };

void rules_put(struct packer *out, const struct rules *rules)
{
    const int64_t longs[RULES] = {rules->number,
                                  rules->epoch_us,
                                  rules->delay_us,
                                  rules->lifecycle_horizon_us,
                                  rules->report_horizon_us,
                                  rules->epoch_records,
                                  rules->frame_rows,
                                  rules->frame_bytes,
                                  rules->snapshot_bytes};
    for (int i = 0; i < RULES; i++)
        wire_put_long_in(out, longs[i], least[i], INT64_MAX);
}

struct rules rules_take(struct unpacker *in)
{
    int64_t longs[RULES];
    for (int i = 0; i < RULES; i++)
        longs[i] = wire_take_long_in(in, least[i], i == 0 ? UINT32_MAX : INT64_MAX);
    return (struct rules){.number = (uint32_t)longs[0],
                          .epoch_us = longs[1],
                          .delay_us = longs[2],
                          .lifecycle_horizon_us = longs[3],
                          .report_horizon_us = longs[4],
                          .epoch_records = longs[5],
                          .frame_rows = longs[6],
                          .frame_bytes = longs[7],
                          .snapshot_bytes = longs[8]};
}

void catalog_put(struct packer *out, struct str text)
{
    CHECK(text.size > 0);
    wire_put_string(out, text, LIMIT_CATALOG_BYTES);
}

struct str catalog_take(struct unpacker *in)
{
    return wire_take_string(in, 1, LIMIT_CATALOG_BYTES);
}

void catalog_change_put(struct packer *out, const struct catalog_text *catalog)
{
    CHECK(catalog->from_s % HOUR_S == 0);
    wire_put_long(out, catalog->from_s);
    catalog_put(out, catalog->text);
}

struct catalog_text catalog_change_take(struct unpacker *in)
{
    struct catalog_text catalog = {.from_s = wire_take_long(in)};
    if (catalog.from_s % HOUR_S != 0)
        in->bad = true;
    catalog.text = catalog_take(in);
    return catalog;
}
