/* Settling: a frame in, rows of money out (DESIGN §5). Pure; the tables are a function of the frames, not of
 * how they were batched.
 *
 * Order of work inside a frame: catalogs; facts; levels and counts; with an epoch's last frame, what its
 * watermark voids; then every line that was touched is rated once, and a row comes out where its usage or its
 * charge is not what it was. Until its last frame an epoch's facts are judged at the watermark of the epoch
 * before.
 *
 * What comes of the rows: charge.h sums them to the frame's charges and dues, and takes its payments;
 * account.h posts payments, then dues; with an epoch's last frame the bills that its watermark makes due are
 * cut, each account's months in order; then accounts are judged, in order of bytes.
 *
 * Invariants, after every frame:
 * S1. Of each line and hour, the rows so far add up to the charge of its usage as the frames so far have it
 *     (checked of each row that comes out).
 * S2. Of a line and hour there is one row a frame at most; rows are sorted (checked of each row).
 * S3. What does not exist has no units and no charge; what has no price has no charge (checked of each row).
 * S4. The watermark never falls (checked of each frame). */
#pragma once

#include "lib/domain/frame.h"
#include "lib/domain/line.h"
#include "settler/core/work.h"

enum settle_outcome {
    SETTLED,
    SETTLE_CATALOG_BAD, /* a catalog of the frame does not parse: the partition must stop */
    SETTLE_NO_CATALOG,  /* the first frame had none */
};

/* settlement->rows are the frame's. After another outcome than SETTLED the settlement is of no more use. */
enum settle_outcome settle_frame(struct settlement *settlement, const struct frame *frame);

/* What a line and hour of the book is owed, by its usage and the orders' states as the book has them. Parts
 * that orders cover are worked out on the way, and stay in the settlement's pools until the next frame's
 * work. */
struct settled settle_rate(struct settlement *settlement, uint32_t at);

/* For a store that fills the book: notes when void_after will void the order, if its state says that it may.
 */
void settle_await_void(struct settlement *settlement, uint32_t order_at);

/* Prints every line that exists, sorted, behind the format's header. How many of them are unpriced. */
uint64_t settlement_print(const struct settlement *settlement, enum sheet_format format, struct packer *out,
                          void (*flush)(void *context, struct packer *out), void *context);
