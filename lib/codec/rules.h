/* Rules and catalogs, which are encoded alike in messages and frames. Internal to lib/codec. */
#pragma once

#include "lib/codec/wire.h"
#include "lib/domain/message.h"

/* Nine longs. */
void rules_put(struct packer *out, const struct rules *rules);
struct rules rules_take(struct unpacker *in);
/* YAML as it was given, not empty. */
void catalog_put(struct packer *out, struct str text);
struct str catalog_take(struct unpacker *in);
/* The whole hour that it holds from, and the text. */
void catalog_change_put(struct packer *out, const struct catalog_text *catalog);
struct catalog_text catalog_change_take(struct unpacker *in);
