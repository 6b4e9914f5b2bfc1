/* The settler's sending of `notices` to billing.notices, each at least once, in order per account (CONTRACT
 * §6). For those who stop what nobody pays for: frames are settled whatever befalls the topic, and the rows
 * wait in their table; what is on its way is bounded.
 *
 * A partition's rows are read behind a check of its claim, appended, and waited for; then claim.notices_sent
 * moves, by the fence. So a settler that is killed sends some again, and loses none. One whose claim was
 * taken sends nothing more: what it had appended by then may still come, behind newer ones of its successor.
 * Those are repeats: the successor began from the same notices_sent. Only beside rows that it skipped is one
 * of them a first and last: a reader that takes of each account what is above its last (seq, n) is right in
 * any case. A producer that is not answered for ACK_WAITS_MS, or whose partition is taken away, is discarded
 * with what it holds, so that nothing old comes to life when a network does.
 *
 * Who catches up sends nothing: it is near when all frames were settled that there are, or when its watermark
 * is at most 5 min behind the host's clock. Then rows whose own watermark is older than that by the
 * partition's watermark are skipped where the account has a later one. That hangs on the rows and on the
 * claim alone: who is killed meanwhile, and whoever comes after, skips the same.
 *
 * The rows of simulated time are never sent: there is nobody to tell, and nothing left to stop. */
#pragma once

#include "lib/base/pack.h"
#include "lib/base/vec.h"
#include "lib/run/outage.h"
#include "lib/run/worker.h"
#include "settler/store/store.h"

enum { NOTICES_OLD_S = 5 * MINUTE_S, NOTICES_A_TIME = 1000 };

struct settler_part;

/* What of a partition waits, and what is on its way. */
struct notices_flight {
    bool going;
    uint32_t unacknowledged;
    uint32_t sent;
    int64_t upto; /* rows below it are sent, or skipped, once all are acknowledged */
    int64_t appended_ms;
    int64_t waiting;
    int64_t waiting_since_ms;
};

struct notices_topic {
    struct stage *stage;
    const char *name;
    struct log_opener opener; /* of a handle that appends; its `open` NULL: nothing is sent */
    bool simulated;
    struct log *log;     /* NULL: none is open */
    uint32_t partitions; /* 0: not looked for yet, or not there */
    struct outage outage;
    int64_t resume_ms; /* after a failure it goes on then */
    int64_t shown_ms;
    VEC(struct notices_flight) flights; /* by partition */
    struct packer text;
};

/* Whether the row is to be sent, by the partition's watermark. */
bool notice_is_due(const struct store_notice *row, int64_t watermark_us);
/* The message's value. */
void notice_print(uint32_t partition, const struct store_notice *row, struct packer *out);

/* All that is the partition's turn. It fails as settler_part_settle does. */
enum error_class notices_topic_turn(struct notices_topic *topic, struct settler_part *part,
                                    struct store *store, struct error *error);
/* Once a second: what waits is shown. */
void notices_topic_show(struct notices_topic *topic);
/* The partition is no longer ours. */
void notices_topic_drop(struct notices_topic *topic, uint32_t partition);
/* Closes what is open. */
void notices_topic_close(struct notices_topic *topic);
void notices_topic_release(struct notices_topic *topic);
