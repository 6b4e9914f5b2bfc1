#include "tests/simulation/told.h"

#include <inttypes.h>
#include <stdio.h>

#include "settler/notices.h"
#include "settler/store/memory_own.h"

/* A row, and whether the reader took it. */
struct told_row {
    const struct notice_row *row;
    uint32_t messages;
    bool taken;
};

struct told {
    VEC(struct told_row) rows;
    struct packer text;
};

static const struct claim_row *claim_of(const struct house *house, uint32_t partition)
{
    const struct memory_rows *rows = &house->tables->rows;
    for (uint32_t i = 0; i < rows->claims.count; i++)
        if (rows->claims.at[i].partition == partition)
            return &rows->claims.at[i].row;
    return NULL;
}

bool told_all(const struct house *house, uint32_t partition)
{
    const struct claim_row *claim = claim_of(house, partition);
    return claim != NULL && claim->notices_sent == claim->next_notice;
}

static void find_rows(struct told *told, const struct house *house, uint32_t partition)
{
    const struct memory_rows *rows = &house->tables->rows;
    for (uint32_t i = 0; i < rows->notices.count; i++)
        if (rows->notices.at[i].partition == partition)
            vec_push(&told->rows, (struct told_row){.row = &rows->notices.at[i]});
}

static bool is_of(struct told *told, const struct house *house, const struct notice_row *row,
                  const struct log_message *message)
{
    struct store_notice notice = memory_notice_of(&house->tables->rows, row);
    vec_clear(&told->text.bytes);
    notice_print(row->partition, &notice, &told->text);
    return str_equal((struct str){told->text.bytes.at, told->text.bytes.count}, message->value) &&
           str_equal(row->account, message->key);
}

/* The reader takes the row unless it has a later one of the account. */
static void read_row(struct told *told, uint32_t at)
{
    struct str account = told->rows.at[at].row->account;
    told->rows.at[at].messages++;
    for (uint32_t i = at + 1; i < told->rows.count; i++)
        if (told->rows.at[i].taken && str_equal(told->rows.at[i].row->account, account))
            return;
    told->rows.at[at].taken = true;
}

static bool read_message(struct told *told, const struct house *house, const struct log_message *message)
{
    for (uint32_t i = 0; i < told->rows.count; i++) {
        if (!is_of(told, house, told->rows.at[i].row, message))
            continue;
        read_row(told, i);
        return true;
    }
    return false;
}

static bool has_later(const struct told *told, uint32_t at)
{
    for (uint32_t i = at + 1; i < told->rows.count; i++)
        if (str_equal(told->rows.at[i].row->account, told->rows.at[at].row->account))
            return true;
    return false;
}

static const struct notice_row *find_missing(const struct told *told, int64_t watermark_us)
{
    for (uint32_t i = 0; i < told->rows.count; i++) {
        bool old = told->rows.at[i].row->watermark_us < watermark_us - NOTICES_OLD_S * (int64_t)SECOND_US;
        if (!told->rows.at[i].taken && !(old && has_later(told, i)))
            return told->rows.at[i].row;
    }
    return NULL;
}

static void count(const struct told *told, struct told_figures *figures)
{
    figures->rows += told->rows.count;
    for (uint32_t i = 0; i < told->rows.count; i++) {
        uint32_t messages = told->rows.at[i].messages;
        figures->again += messages > 1 ? messages - 1 : 0;
        figures->skipped += messages == 0;
    }
}

bool told_right(const struct house *house, uint32_t partition, struct told_figures *figures, char why[200])
{
    struct told told = {0};
    struct log_position at = {house->topics.notices, partition, 0};
    struct log_message message;
    bool right = true;
    find_rows(&told, house, partition);
    for (; right && memory_log_look(house->log, &at, &message); at.offset = message.offset + 1) {
        right = read_message(&told, house, &message);
        if (!right)
            snprintf(why, 200, "the tables have no %.*s", STR_ARG(message.value));
    }
    count(&told, figures);
    const struct claim_row *claim = claim_of(house, partition);
    const struct notice_row *missing =
        right && claim != NULL ? find_missing(&told, claim->watermark_us) : NULL;
    if (missing != NULL)
        snprintf(why, 200, "notice %" PRId64 " of %.*s was not said, or behind a later one", missing->number,
                 STR_ARG(missing->account));
    vec_release(&told.rows);
    vec_release(&told.text.bytes);
    return right && missing == NULL;
}
