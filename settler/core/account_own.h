/* What posting and bills share. Internal to account.c and bill.c. */
#pragma once

#include "settler/core/account.h"

/* The frame changes the account: it is looked at at the frame's end. */
struct account *account_touch(struct accounts *accounts, uint32_t at, const struct frame_place *place);
/* Books the transfer that the account's balance went by, from what it was before. A1 */
void account_book(const struct account *account, const struct amount *balance_before,
                  const struct transfer *transfer, struct posted *out);
