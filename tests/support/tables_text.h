/* The settlers' tables in memory as text that does not hang on how large a step is: a frame's transfers of
 * one account and purpose added up, whichever of its steps they came in. */
#pragma once

#include "lib/base/pack.h"
#include "settler/store/memory_store.h"

/* Appends it. */
void tables_text(const struct memory_tables *tables, struct packer *out);
