/* The catalogs of `hourglass rate`: `--catalog FILE[@HOUR]`, as those of a generation (CONTRACT §3, §5).
 *
 * The hour is what stands behind the last @ if it is a time; a name whose tail is none is a name. One catalog
 * has no hour and holds since ever. */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/catalog.h"

struct dated_catalog {
    char *path;
    int64_t from_s; /* INT64_MIN: the one that holds since ever */
    struct packer text;
    struct catalog *catalog;
};

struct dated_catalogs {
    VEC(struct dated_catalog)
    list; /* once read, the one that holds since ever stands first, the rest as given */
};

/* Takes an argument. NULL, or why it cannot be. */
const char *dated_catalogs_add(struct dated_catalogs *catalogs, const char *argument);
/* NULL, or why they are not those of a generation: exactly one has no hour. */
const char *dated_catalogs_check(const struct dated_catalogs *catalogs);
/* Reads and parses all. False: said on standard error, FILE:... */
__attribute__((warn_unused_result)) bool dated_catalogs_read(struct dated_catalogs *catalogs);
void dated_catalogs_release(struct dated_catalogs *catalogs);
