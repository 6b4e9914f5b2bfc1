#include "lib/domain/record.h"

#include <stddef.h>

#include "lib/domain/limits.h"

#define FIELD(name_, type_, member, least_, most_)                                                           \
    {                                                                                                        \
        .name = (name_), .type = (type_), .at = offsetof(struct record, member), .least = (least_),          \
        .most = (most_)                                                                                      \
    }

const struct body_row body_rows[BODY_LAST + 1] = {
    [BODY_PRODUCT] = FIELD("product", BODY_IS_LEVEL_PRODUCT, product, 0, PRODUCT_COUNT - 1),
    [BODY_SKU] = FIELD("sku", BODY_IS_WORD, sku, 1, LIMIT_NAME_BYTES),
    [BODY_QUANTITY] = FIELD("quantity", BODY_IS_LONG, quantity, 1, LIMIT_COUNT),
    [BODY_ORDER] = FIELD("order", BODY_IS_WORD, order, 1, LIMIT_NAME_BYTES),
    [BODY_SINCE] = {.name = "since_us",
                    .text_name = "since",
                    .type = BODY_IS_TIME,
                    .at = offsetof(struct record, since_us),
                    .most = INT64_MAX},
    [BODY_BYTES] = FIELD("bytes", BODY_IS_LONG, bytes, 0, LIMIT_STORED_BYTES),
    [BODY_INPUT_TOKENS] = FIELD("input_tokens", BODY_IS_LONG, input_tokens, 0, LIMIT_INPUT),
    [BODY_CACHED_INPUT_TOKENS] =
        FIELD("cached_input_tokens", BODY_IS_LONG, cached_input_tokens, 0, LIMIT_INPUT),
    [BODY_CACHE_WRITE_TOKENS] = FIELD("cache_write_tokens", BODY_IS_LONG, cache_write_tokens, 0, LIMIT_INPUT),
    [BODY_OUTPUT_TOKENS] = FIELD("output_tokens", BODY_IS_LONG, output_tokens, 0, LIMIT_COUNT),
    [BODY_IMAGES] = FIELD("images", BODY_IS_LONG, images, 0, LIMIT_COUNT),
    [BODY_SUCCEEDED] = FIELD("succeeded", BODY_IS_BOOL, succeeded, 0, 1),
    [BODY_MONTHS] = FIELD("months", BODY_IS_LONG, months, 1, LIMIT_MONTHS),
    [BODY_AMOUNT] = FIELD("amount", BODY_IS_WORD, amount, 1, LIMIT_AMOUNT_BYTES),
    [BODY_CURRENCY] = FIELD("currency", BODY_IS_WORD, currency, LIMIT_CURRENCY_BYTES, LIMIT_CURRENCY_BYTES),
    [BODY_FOR_BILL] = FIELD("for_bill", BODY_IS_BOOL, for_bill, 0, 1),
};

#define COUNTED(member) .at = offsetof(struct record, member)

const struct counted_row counted_rows[METER_COUNT] = {
    [METER_INPUT_TOKENS] = {COUNTED(input_tokens), .parts = {offsetof(struct record, cached_input_tokens),
                                                             offsetof(struct record, cache_write_tokens)}},
    [METER_CACHED_INPUT_TOKENS] = {COUNTED(cached_input_tokens)},
    [METER_CACHE_WRITE_TOKENS] = {COUNTED(cache_write_tokens)},
    [METER_OUTPUT_TOKENS] = {COUNTED(output_tokens)},
    [METER_IMAGES] = {COUNTED(images)},
};

static uint32_t count_digits(struct str text, uint32_t from)
{
    uint32_t i = from;
    while (i < text.size && text.at[i] >= '0' && text.at[i] <= '9')
        i++;
    return i - from;
}

static bool is_zero(struct str decimal)
{
    for (uint32_t i = 0; i < decimal.size; i++)
        if (decimal.at[i] != '0' && decimal.at[i] != '.')
            return false;
    return true;
}

bool record_amount_is_good(struct str text)
{
    uint32_t whole = count_digits(text, 0), behind = whole;
    if (whole < 1 || whole > LIMIT_DECIMALS)
        return false;
    if (whole < text.size && text.at[whole] == '.') {
        uint32_t decimals = count_digits(text, whole + 1);
        if (decimals < 1 || decimals > LIMIT_DECIMALS)
            return false;
        behind = whole + 1 + decimals;
    }
    return behind == text.size && !is_zero(text);
}

bool record_is_whole(const struct record *record)
{
    if (record_is_payment(record->kind) && !record_amount_is_good(record->amount))
        return false;
    bool says_nothing = record->sku.size == 0 && record->quantity == 0 && record->order.size == 0;
    if (kind_row(record->kind)->change == CHANGE_ALTERS && says_nothing)
        return false;
    if (record->since_us > record->time_us || (!record_bills(record) && record->images > 0))
        return false;
    return record->cached_input_tokens <= record->input_tokens &&
           record->cache_write_tokens <= record->input_tokens - record->cached_input_tokens;
}
