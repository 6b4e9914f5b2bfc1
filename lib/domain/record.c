#include "lib/domain/record.h"

bool record_is_whole(const struct record *record)
{
    bool says_nothing = record->sku.size == 0 && record->quantity == 0 && record->order.size == 0;
    if (kind_row(record->kind)->change == CHANGE_ALTERS && says_nothing)
        return false;
    if (record->since_us > record->time_us || (!record_bills(record) && record->images > 0))
        return false;
    return record->cached_input_tokens <= record->input_tokens &&
           record->cache_write_tokens <= record->input_tokens - record->cached_input_tokens;
}
