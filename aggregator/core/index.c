/* Finding the resource, pool or file system that a record is about, and making it at its first record. */
#include "aggregator/core/state.h"

static uint64_t resource_hash(struct str account, enum product product, struct str name)
{
    return hash_mix(hash_mix(hash_str(account), hash_str(name)), product);
}

static uint64_t hash_of_resource(const struct fold *fold, const struct series *series)
{
    return resource_hash(names_get(&fold->names, series->account), series->product,
                         names_get(&fold->names, series->name));
}

void fold_index_resources(struct fold *fold)
{
    table_clear(&fold->resource_index);
    for (uint32_t i = 0; i < fold->resources.count; i++)
        table_insert(&fold->resource_index, hash_of_resource(fold, &fold->resources.at[i].series), i);
}

void fold_adopt_resource(struct fold *fold, struct resource resource)
{
    const struct series *series = &resource.series;
    table_insert(&fold->resource_index, hash_of_resource(fold, series), fold->resources.count);
    if (series->live)
        vec_push(&fold->live, series_ref(fold->resources.count, false));
    vec_push(&fold->resources, resource);
}

uint32_t fold_find_resource(const struct fold *fold, const struct record *record)
{
    const struct names *names = &fold->names;
    uint64_t hash = resource_hash(record->account, record->product, record->subject);
    for (struct table_probe p = table_probe(&fold->resource_index, hash);
         table_next(&fold->resource_index, &p);) {
        const struct series *series = &fold->resources.at[p.index].series;
        if (series->product == record->product &&
            str_equal(names_get(names, series->name), record->subject) &&
            str_equal(names_get(names, series->account), record->account))
            return p.index;
    }
    return UINT32_MAX;
}

uint32_t fold_resource(struct fold *fold, const struct record *record)
{
    uint32_t found = fold_find_resource(fold, record);
    if (found != UINT32_MAX)
        return found;
    fold_adopt_resource(fold,
                        (struct resource){.series =
                                              {
                                                  .product = record->product,
                                                  .account = names_intern(&fold->names, record->account),
                                                  .name = names_intern(&fold->names, record->subject),
                                                  .changed_s = INT64_MAX,
                                                  .signs_changed_s = INT64_MAX,
                                                  .stop_minute = INT64_MIN,
                                              },
                                          .due_us = INT64_MAX});
    return fold->resources.count - 1;
}

void fold_adopt_pool(struct fold *fold, struct storage_pool pool)
{
    uint64_t hash = hash_mix(pool.series.account, pool.series.sku);
    table_insert(&fold->pool_index, hash, fold->pools.count);
    if (pool.series.live)
        vec_push(&fold->live, series_ref(fold->pools.count, true));
    vec_push(&fold->pools, pool);
}

static uint32_t pool_of(struct fold *fold, uint32_t account, uint32_t sku)
{
    uint64_t hash = hash_mix(account, sku);
    for (struct table_probe p = table_probe(&fold->pool_index, hash); table_next(&fold->pool_index, &p);) {
        const struct series *series = &fold->pools.at[p.index].series;
        if (series->account == account && series->sku == sku)
            return p.index;
    }
    fold_adopt_pool(fold, (struct storage_pool){.series = {.product = PRODUCT_STORAGE,
                                                           .account = account,
                                                           .name = names_intern(&fold->names, STR("*")),
                                                           .sku = sku,
                                                           .changed_s = INT64_MAX,
                                                           .signs_changed_s = INT64_MAX,
                                                           .stop_minute = INT64_MIN}});
    return fold->pools.count - 1;
}

/* Those of one name lie under one hash, whatever their sku. */
static uint64_t file_system_hash(const struct file_system *fs)
{
    return hash_mix(fs->account, fs->subject);
}

void fold_index_file_systems(struct fold *fold)
{
    table_clear(&fold->file_system_index);
    for (uint32_t i = 0; i < fold->file_systems.count; i++)
        table_insert(&fold->file_system_index, file_system_hash(&fold->file_systems.at[i]), i);
}

void fold_adopt_file_system(struct fold *fold, struct file_system file_system)
{
    file_system.pool = pool_of(fold, file_system.account, file_system.sku);
    table_insert(&fold->file_system_index, file_system_hash(&file_system), fold->file_systems.count);
    vec_push(&fold->file_systems, file_system);
}

uint32_t fold_file_system(struct fold *fold, const struct record *record)
{
    struct file_system wanted = {
        .account = names_intern(&fold->names, record->account),
        .sku = names_intern(&fold->names, record->sku),
        .subject = names_intern(&fold->names, record->subject),
    };
    for (struct table_probe p = table_probe(&fold->file_system_index, file_system_hash(&wanted));
         table_next(&fold->file_system_index, &p);) {
        const struct file_system *fs = &fold->file_systems.at[p.index];
        if (fs->account == wanted.account && fs->sku == wanted.sku && fs->subject == wanted.subject)
            return p.index;
    }
    fold_adopt_file_system(fold, wanted);
    return fold->file_systems.count - 1;
}

bool fold_storage_repeated(const struct fold *fold, uint32_t at, const struct record *record)
{
    const struct file_system *own = &fold->file_systems.at[at];
    const struct table *index = &fold->file_system_index;
    for (struct table_probe p = table_probe(index, file_system_hash(own)); table_next(index, &p);) {
        const struct file_system *other = &fold->file_systems.at[p.index];
        if (p.index != at && other->account == own->account && other->subject == own->subject &&
            points_have(&other->points, &fold->names, record))
            return true;
    }
    return false;
}
