/* The tables in memory: notices. */
#include "lib/base/time.h"
#include "settler/store/memory_own.h"

static bool is_last(const struct memory_rows *rows, const struct notice_row *of)
{
    for (uint32_t i = 0; i < rows->notices.count; i++) {
        const struct notice_row *other = &rows->notices.at[i];
        if (other->partition == of->partition && other->number > of->number &&
            str_equal(other->account, of->account))
            return false;
    }
    return true;
}

struct store_notice memory_notice_of(const struct memory_rows *rows, const struct notice_row *row)
{
    int64_t deadline_us = row->notice.deadline_us;
    return (struct store_notice){.number = row->number,
                                 .seq = row->seq,
                                 .ordinal = row->ordinal,
                                 .account = row->account,
                                 .state = str_of(account_state_name(row->notice.state)),
                                 .balance = row->notice.balance,
                                 .available = row->notice.available,
                                 .deadline_s =
                                     deadline_us == INT64_MIN ? INT64_MIN : time_second(deadline_us),
                                 .watermark_us = row->watermark_us,
                                 .last = is_last(rows, row),
                                 .currency = str_of(rows->meta.currency),
                                 .charge_scale = rows->meta.charge_scale};
}

/* They are added in the order of their numbers. */
static void read(const struct memory_rows *rows, const struct notice_span *span, take_notice *take,
                 void *context)
{
    for (uint32_t i = 0; i < rows->notices.count; i++) {
        const struct notice_row *row = &rows->notices.at[i];
        if (row->partition != span->partition || row->number < span->from || row->number >= span->to)
            continue;
        const struct store_notice notice = memory_notice_of(rows, row);
        take(context, &notice);
    }
}

enum error_class memory_read_notices(struct store *store, const struct notice_span *span, take_notice *take,
                                     void *context, bool *ours, struct error *error)
{
    struct memory_store *memory = memory_of(store);
    enum error_class class = memory_enter(memory, error);
    if (class != ERROR_NONE)
        return class;
    const struct memory_claim *there = memory_find_claim(memory, span->partition);
    *ours = there != NULL && there->row.fence == span->fence;
    if (*ours)
        read(&memory->tables->rows, span, take, context);
    return memory_leave(memory, error);
}
