#include "settler/core/work.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

void settlement_init(struct settlement *settlement)
{
    *settlement = (struct settlement){.from_s = INT64_MIN, .to_s = INT64_MAX};
    book_init(&settlement->book);
}

void settlement_release(struct settlement *settlement)
{
    book_release(&settlement->book);
    vec_release(&settlement->rows);
    vec_release(&settlement->touched);
    vec_release(&settlement->replaced);
    vec_release(&settlement->pools);
    table_release(&settlement->pool_index);
    vec_release(&settlement->covered);
    vec_release(&settlement->changed_orders);
}

void work_touch(struct settlement *settlement, uint32_t hour)
{
    CHECK(hour < settlement->book.hours.count);
    struct line_hour *entry = &settlement->book.hours.at[hour];
    if (entry->hour_s < settlement->from_s || entry->hour_s >= settlement->to_s)
        return;
    if (!entry->touched)
        vec_push(&settlement->touched, hour);
    entry->touched = true;
}

uint32_t work_pool(struct settlement *settlement, uint32_t order, int64_t hour_s)
{
    struct table *index = &settlement->pool_index;
    uint64_t hash = hash_mix(order, (uint64_t)hour_s);
    CHECK(order < settlement->book.orders.count && hour_s % HOUR_S == 0);
    for (struct table_probe p = table_probe(index, hash); table_next(index, &p);) {
        const struct order_pool *known = &settlement->pools.at[p.index];
        if (known->order == order && known->hour_s == hour_s)
            return p.index;
    }
    vec_push(&settlement->pools, (struct order_pool){.order = order, .hour_s = hour_s});
    table_insert(index, hash, settlement->pools.count - 1);
    return settlement->pools.count - 1;
}

void work_clear(struct settlement *settlement)
{
    vec_clear(&settlement->touched);
    vec_clear(&settlement->replaced);
    vec_clear(&settlement->pools);
    table_clear(&settlement->pool_index);
    vec_clear(&settlement->covered);
}

void work_check(const struct settlement *settlement)
{
    const struct book *book = &settlement->book;
    CHECK(settlement->touched.count + settlement->replaced.count + settlement->pools.count +
              settlement->covered.count + settlement->changed_orders.count ==
          0); /* W1 */
    CHECK(book->hours.count == book->hour_index.count &&
          book->lines.count == book->line_index.count); /* W2 */
}
