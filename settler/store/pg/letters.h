/* One letter for what has few values, in tables charges and ledger (schemas/sql/008_money.sql); views
 * charges_in_words and ledger_in_words (009_views.sql) say the words. */
#pragma once

#include "lib/domain/kinds.h"
#include "settler/core/account.h"

char product_letter(enum product product);
char meter_letter(enum meter meter);
char charge_kind_letter(enum charge_kind kind);
char transfer_what_letter(enum transfer_what what);
/* Aborts at a letter that none has. */
enum product product_of_letter(char letter);
