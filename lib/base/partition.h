/* Which partition an account lives in: one function for every process, passed to Kafka explicitly, because
 * the clients' own default partitioners differ (DESIGN §1). */
#pragma once

#include "lib/base/str.h"

/* XXH3 (64 bits, no seed) of the account's bytes, modulo the partitions of the generation (>= 1). */
uint32_t partition_of(struct str account, uint32_t partitions);
