/* Decoding and encoding again: what decodes has that one encoding, whoever made the bytes. */
#pragma once

#include "lib/base/pack.h"
#include "lib/codec/outcome.h"

/* Decodes; where that is DECODE_OK, appends the encoding of what came out. */
typedef enum decode_outcome again(struct str bytes, struct packer *out);

again usage_again;
again frame_again;
again snapshot_chunk_again;
again snapshot_manifest_again;
again generation_again;
again reject_again;

/* Ends the process unless the bytes are refused or come out again as they are. They are read from a place of
 * exactly their size, so that a sanitizer sees a read behind them. */
enum decode_outcome again_is_same(again *of, struct str bytes);
/* The same of every beginning, every flipped bit and every byte put behind; neither a beginning nor a
 * longer message may decode. */
void again_survives(again *of, struct str bytes);
