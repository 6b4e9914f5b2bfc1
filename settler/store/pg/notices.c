/* Table notices: every change of an account's state or deadline. */
#include "lib/base/time.h"
#include "settler/store/pg/copy.h"
#include "settler/store/pg/tables.h"

enum { COLUMNS = 10 };

enum error_class notices_put(struct store *store, const struct notice_row *row, struct error *error)
{
    struct pg_store *of = pg_store_of(store);
    const struct notice *notice = &row->notice;
    struct packer *out =
        copies_row(of, COPIED_NOTICES,
                   "COPY notices (partition, number, seq, ordinal, account, state, balance, available,"
                   " deadline_s, watermark_us) FROM STDIN (FORMAT binary)",
                   COLUMNS);
    copy_int(out, (int32_t)row->partition);
    copy_bigint(out, row->number);
    copy_bigint(out, (int64_t)row->seq);
    copy_int(out, (int32_t)row->ordinal);
    copy_text(out, row->account);
    copy_text(out, str_of(account_state_name(notice->state)));
    copy_money(out, &notice->balance);
    copy_money(out, &notice->available);
    if (notice->deadline_us == INT64_MIN)
        copy_null(out);
    else
        copy_bigint(out, time_second(notice->deadline_us));
    copy_bigint(out, row->watermark_us);
    return copies_end_row(of, COPIED_NOTICES, error);
}
