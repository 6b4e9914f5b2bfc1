/* A small YAML document as a tree with places: what libyaml says, bounded and with nothing clever left.
 *
 * Anchors, aliases, tags and second documents are refused here; so is nesting beyond a few levels, before
 * libyaml's time on deep nesting can grow. What was read before a fault stands, so that an earlier one can
 * still be found in it. Does no IO. */
#pragma once

#include "lib/base/arena.h"
#include "lib/base/vec.h"
#include "lib/domain/catalog.h"

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml_node {
    enum yaml_kind kind;
    uint32_t line; /* from 1 */
    uint32_t column;
    bool plain;          /* a scalar without quotes */
    bool closed;         /* a map or list whose end was read: what is missing is not yet to come */
    struct str text;     /* of a scalar */
    VEC(uint32_t) items; /* indexes: a list's items; a map's key, value, key, value, ... */
};

struct yaml_tree {
    VEC(struct yaml_node) nodes; /* nodes.at[0] is the root; none when the text has no document */
    struct arena strings;
};

/* Reads the text, as far as its first fault; that goes into *error if it lies before what is there. */
void yaml_tree_read(struct yaml_tree *tree, struct str text, struct catalog_error *error);
void yaml_tree_release(struct yaml_tree *tree);

/* Of several faults the first in the text is kept. line 0: none yet. */
void catalog_error_at(struct catalog_error *error, uint32_t line, uint32_t column, const char *message);
