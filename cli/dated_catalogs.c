#include "cli/dated_catalogs.h"

#include <stdio.h>

#include "cli/catalog_file.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/prices.h"

const char *dated_catalogs_add(struct dated_catalogs *catalogs, const char *argument)
{
    struct dated_catalog dated = {.from_s = INT64_MIN};
    const char *at = strrchr(argument, '@');
    size_t length = strlen(argument);
    int64_t from_us;
    if (at != NULL && time_parse(str_of(at + 1), &from_us)) {
        dated.from_s = time_hour(time_second(from_us));
        if (from_us != dated.from_s * SECOND_US)
            return "--catalog: expected a whole hour after @, as 2026-11-01T10:00:00Z";
        length = (size_t)(at - argument);
    }
    if (length == 0)
        return "--catalog: expected a file";
    dated.path = strndup(argument, length);
    CHECK(dated.path != NULL);
    vec_push(&catalogs->list, dated);
    return NULL;
}

const char *dated_catalogs_check(const struct dated_catalogs *catalogs)
{
    uint32_t since_ever = 0;
    for (uint32_t i = 0; i < catalogs->list.count; i++)
        since_ever += catalogs->list.at[i].from_s == INT64_MIN;
    if (catalogs->list.count == 0)
        return "expected --catalog FILE";
    if (since_ever == 0)
        return "--catalog: expected one without an hour, which holds since ever";
    return since_ever > 1 ? "--catalog: expected FILE@HOUR of each but one" : NULL;
}

static void put_first(struct dated_catalogs *catalogs)
{
    uint32_t at = 0;
    while (catalogs->list.at[at].from_s != INT64_MIN)
        at++;
    struct dated_catalog first = catalogs->list.at[at];
    for (; at > 0; at--)
        catalogs->list.at[at] = catalogs->list.at[at - 1];
    catalogs->list.at[0] = first;
}

bool dated_catalogs_read(struct dated_catalogs *catalogs)
{
    CHECK(dated_catalogs_check(catalogs) == NULL);
    put_first(catalogs);
    for (uint32_t i = 0; i < catalogs->list.count; i++) {
        struct dated_catalog *dated = &catalogs->list.at[i];
        char why[PRICES_WHY_SIZE];
        dated->catalog = catalog_file_read(dated->path, &dated->text);
        if (dated->catalog == NULL)
            return false;
        if (prices_may_follow(catalogs->list.at[0].catalog, dated->catalog, why))
            continue;
        fprintf(stderr, "%s: %s\n", dated->path, why);
        return false;
    }
    return true;
}

void dated_catalogs_release(struct dated_catalogs *catalogs)
{
    for (uint32_t i = 0; i < catalogs->list.count; i++) {
        free(catalogs->list.at[i].path);
        catalog_free(catalogs->list.at[i].catalog);
        vec_release(&catalogs->list.at[i].text.bytes);
    }
    vec_release(&catalogs->list);
}
