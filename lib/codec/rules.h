/* Rules as they stand in messages and frames alike: seven longs. Internal to lib/codec. */
#pragma once

#include "lib/codec/wire.h"
#include "lib/domain/message.h"

void rules_put(struct packer *out, const struct rules *rules);
struct rules rules_take(struct unpacker *in);
