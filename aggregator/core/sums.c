#include "aggregator/core/sums.h"

#include "lib/base/time.h"

static uint32_t key_of(struct sums *sums, struct names *names, const struct record *record)
{
    uint64_t hash =
        hash_mix(hash_mix(hash_str(record->account), hash_str(record->subject)), hash_str(record->sku));
    for (struct table_probe p = table_probe(&sums->key_index, hash); table_next(&sums->key_index, &p);) {
        struct sum_key key = sums->keys.at[p.index];
        if (str_equal(names_get(names, key.subject), record->subject) &&
            str_equal(names_get(names, key.account), record->account) &&
            str_equal(names_get(names, key.sku), record->sku))
            return p.index;
    }
    struct sum_key key = {names_intern(names, record->account), names_intern(names, record->subject),
                          names_intern(names, record->sku), 0, false};
    vec_push(&sums->keys, key);
    table_insert(&sums->key_index, hash, sums->keys.count - 1);
    return sums->keys.count - 1;
}

static struct sum *sum_of(struct sums *sums, uint32_t key, int64_t second_s)
{
    uint64_t hash = hash_mix(key, (uint64_t)second_s);
    for (struct table_probe p = table_probe(&sums->index, hash); table_next(&sums->index, &p);) {
        struct sum *sum = &sums->list.at[p.index];
        if (sum->key == key && sum->second_s == second_s)
            return sum;
    }
    if (!sums->keys.at[key].used) {
        sums->keys.at[key].used = true;
        vec_push(&sums->used, key);
    }
    vec_push(&sums->list, (struct sum){key, second_s, {0}});
    table_insert(&sums->index, hash, sums->list.count - 1);
    return &sums->list.at[sums->list.count - 1];
}

void sums_add(struct sums *sums, struct names *names, const struct record *record)
{
    struct sum *sum = sum_of(sums, key_of(sums, names, record), time_second(record->time_us));
    sum->by_meter[SUM_INPUT] += (uint64_t)record->input_tokens;
    sum->by_meter[SUM_OUTPUT] += (uint64_t)record->output_tokens;
    sum->by_meter[SUM_IMAGES] += (uint64_t)record->images;
}

struct sort_context {
    const struct sums *sums;
    const struct names *names;
};

static int compare_keys(const void *a, const void *b, void *context)
{
    const struct sort_context *c = context;
    const struct sum_key *x = &c->sums->keys.at[*(const uint32_t *)a];
    const struct sum_key *y = &c->sums->keys.at[*(const uint32_t *)b];
    int order = str_compare(names_get(c->names, x->account), names_get(c->names, y->account));
    if (order == 0)
        order = str_compare(names_get(c->names, x->subject), names_get(c->names, y->subject));
    if (order == 0)
        order = str_compare(names_get(c->names, x->sku), names_get(c->names, y->sku));
    return order;
}

static int compare_sums(const void *a, const void *b, void *context)
{
    const struct sums *sums = context;
    const struct sum *x = a, *y = b;
    uint32_t i = sums->keys.at[x->key].rank, j = sums->keys.at[y->key].rank;
    if (i != j)
        return i < j ? -1 : 1;
    return (x->second_s > y->second_s) - (x->second_s < y->second_s);
}

void sums_sort(struct sums *sums, const struct names *names)
{
    if (sums->list.count == 0)
        return;
    struct sort_context context = {sums, names};
    qsort_r(sums->used.at, sums->used.count, sizeof *sums->used.at, compare_keys, &context);
    for (uint32_t i = 0; i < sums->used.count; i++)
        sums->keys.at[sums->used.at[i]].rank = i;
    qsort_r(sums->list.at, sums->list.count, sizeof *sums->list.at, compare_sums, sums);
}

void sums_clear(struct sums *sums)
{
    for (uint32_t i = 0; i < sums->used.count; i++)
        sums->keys.at[sums->used.at[i]].used = false;
    vec_clear(&sums->used);
    vec_clear(&sums->list);
    table_clear(&sums->index);
}

void sums_release(struct sums *sums)
{
    vec_release(&sums->keys);
    table_release(&sums->key_index);
    vec_release(&sums->list);
    table_release(&sums->index);
    vec_release(&sums->used);
}
