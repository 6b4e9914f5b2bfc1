/* Rows of `notices` on their way to billing.notices (CONTRACT §6). Each call is a transaction of its own. */
#include "lib/base/check.h"
#include "settler/store/port.h"
#include "settler/store/store.h"

enum store_outcome store_read_notices(struct store *store, const struct claim *claim, uint32_t most,
                                      take_notice *take, void *context, struct error *error)
{
    const struct notice_span span = {claim->partition, claim->fence, claim->notices_sent,
                                     claim->notices_sent + most};
    bool ours = false;
    if (store->ops->read_notices(store, &span, take, context, &ours, error) != ERROR_NONE)
        return STORE_FAILED;
    return ours ? STORE_OK : STORE_LOST;
}

enum store_outcome store_move_notices(struct store *store, struct claim *claim, int64_t sent,
                                      struct error *error)
{
    const struct position_move move = {POSITION_NOTICES_SENT, claim->fence, claim->notices_sent, sent};
    bool moved = false;
    CHECK(sent >= claim->notices_sent);
    if (store->ops->move_position(store, claim->partition, &move, &moved, error) != ERROR_NONE)
        return STORE_FAILED;
    if (!moved)
        return STORE_LOST;
    claim->notices_sent = sent;
    return STORE_OK;
}
