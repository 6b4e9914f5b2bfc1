#include "aggregator/core/sums.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

static uint32_t key_of(struct sums *sums, struct names *names, const struct sum_names *line)
{
    uint64_t hash = hash_mix(hash_mix(hash_str(line->account), hash_str(line->subject)), hash_str(line->sku));
    hash = hash_mix(hash, line->product);
    for (struct table_probe p = table_probe(&sums->key_index, hash); table_next(&sums->key_index, &p);) {
        struct sum_key key = sums->keys.at[p.index];
        if (key.product == line->product && str_equal(names_get(names, key.subject), line->subject) &&
            str_equal(names_get(names, key.account), line->account) &&
            str_equal(names_get(names, key.sku), line->sku))
            return p.index;
    }
    struct sum_key key = {names_intern(names, line->account), names_intern(names, line->subject),
                          names_intern(names, line->sku), line->product, 0};
    vec_push(&sums->keys, key);
    table_insert(&sums->key_index, hash, sums->keys.count - 1);
    return sums->keys.count - 1;
}

static uint32_t hour_at(const struct sums *sums, int64_t hour_s)
{
    uint32_t low = 0, high = sums->hours.count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sums->hours.at[middle].hour_s >= hour_s)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static struct sum_hour *hour_of(struct sums *sums, int64_t hour_s)
{
    uint32_t at = hour_at(sums, hour_s);
    if (at == sums->hours.count || sums->hours.at[at].hour_s != hour_s)
        vec_insert(&sums->hours, at, (struct sum_hour){.hour_s = hour_s});
    return &sums->hours.at[at];
}

/* Index of the key's first sum in the hour; UINT32_MAX: it has none. */
static uint32_t first_of(const struct sum_hour *hour, uint32_t key)
{
    for (struct table_probe p = table_probe(&hour->index, hash_mix(key, 0)); table_next(&hour->index, &p);)
        if (hour->list.at[p.index].key == key)
            return p.index;
    return UINT32_MAX;
}

/* The sum of the key that begins at from_s; made where it is missing. Those of a key are chained by from_s:
 * the first keeps its place in the list, so it changes its contents when an earlier one comes. */
static struct sum *sum_of(struct sum_hour *hour, uint32_t key, uint16_t from_s)
{
    uint32_t at = first_of(hour, key);
    if (at == UINT32_MAX) {
        vec_push(&hour->list, (struct sum){.key = key, .from_s = from_s, .first = true});
        table_insert(&hour->index, hash_mix(key, 0), hour->list.count - 1);
        return &hour->list.at[hour->list.count - 1];
    }
    while (hour->list.at[at].next != 0 && hour->list.at[hour->list.at[at].next - 1].from_s <= from_s)
        at = hour->list.at[at].next - 1;
    if (hour->list.at[at].from_s == from_s)
        return &hour->list.at[at];
    vec_push(&hour->list, (struct sum){.key = key, .from_s = from_s, .next = hour->list.at[at].next});
    uint32_t made = hour->list.count - 1;
    struct sum *sum = &hour->list.at[made], *before = &hour->list.at[at];
    if (before->from_s < from_s) {
        before->next = made + 1;
        return sum;
    }
    *sum = *before;
    sum->first = false;
    *before = (struct sum){.key = key, .from_s = from_s, .next = made + 1, .first = true};
    return before;
}

/* The last second at or before `at_s` at which a price of the sku begins, from the hour's start on. */
static uint16_t interval_of(const struct catalog *catalog, const struct record *record, int64_t hour_s,
                            int64_t at_s, bool *plain)
{
    int64_t from_s = hour_s;
    *plain = true;
    const struct product_row *product = product_row(record->product);
    for (int m = 0; m < product->meter_count; m++) {
        struct price_list list = catalog_prices(catalog, record->product, record->sku, product->meters[m]);
        for (uint32_t i = 0; i < list.count; i++) {
            int64_t begins_s = list.prices[i].from_s;
            if (begins_s != INT64_MIN && begins_s % HOUR_S != 0)
                *plain = false;
            if (begins_s > from_s && begins_s <= at_s)
                from_s = begins_s;
        }
    }
    return (uint16_t)(from_s - hour_s);
}

void sums_add(struct sums *sums, struct names *names, const struct prices *prices,
              const struct record *record)
{
    int64_t at_s = time_second(record->time_us), hour_s = time_hour(at_s);
    CHECK(product_is(record->product, SHAPE_COUNT) && kind_row(record->kind)->product == record->product);
    const struct sum_names line = {record->product, record->account, record->subject, record->sku};
    uint32_t key_at = key_of(sums, names, &line);
    struct sum_key *key = &sums->keys.at[key_at];
    const struct catalog_in_force *force = prices_in_force(prices, hour_s);
    uint16_t from_s = 0;
    bool plain = key->plain_in == force->number;
    if (!plain)
        from_s = interval_of(force->catalog, record, hour_s, at_s, &plain);
    if (plain)
        key->plain_in = force->number;
    struct sum *sum = sum_of(hour_of(sums, hour_s), key_at, from_s);
    const struct kind_row *kind = kind_row(record->kind);
    for (int m = 0; m < kind->meter_count; m++)
        sum->by_meter[meter_rows[kind->meters[m]].slot] +=
            (uint64_t)record_count(record, (enum meter)kind->meters[m]);
}

void sums_restore(struct sums *sums, struct names *names, const struct sum_names *line, int64_t hour_s,
                  const struct sum *sum)
{
    CHECK(hour_s % HOUR_S == 0 && sum->from_s < HOUR_S);
    struct sum *into = sum_of(hour_of(sums, hour_s), key_of(sums, names, line), sum->from_s);
    memcpy(into->by_meter, sum->by_meter, sizeof into->by_meter);
}

uint32_t sums_hours_before(const struct sums *sums, int64_t before_s)
{
    return hour_at(sums, before_s);
}

bool sums_any(const struct sums *sums, int64_t from_s, int64_t to_s)
{
    uint32_t at = hour_at(sums, from_s);
    return at < sums->hours.count && sums->hours.at[at].hour_s < to_s;
}

static void release_hour(struct sum_hour *hour)
{
    vec_release(&hour->list);
    table_release(&hour->index);
}

void sums_forget(struct sums *sums, uint32_t count)
{
    CHECK(count <= sums->hours.count);
    for (uint32_t i = 0; i < count; i++)
        release_hour(&sums->hours.at[i]);
    vec_remove(&sums->hours, 0, count);
}

void sums_release(struct sums *sums)
{
    sums_forget(sums, sums->hours.count);
    vec_release(&sums->hours);
    vec_release(&sums->keys);
    table_release(&sums->key_index);
}
