/* Currencies' minor units: how many decimals a bill in them has (CONTRACT §3, bill_scale). */
#pragma once

#include <stdint.h>

/* By ISO 4217, list one (its maintenance agency's, of currencies in use), of a code of three letters; 2 where
 * the list has no number (gold, XDR), and for what is not on it. */
uint32_t currency_minor_unit(const char code[3]);
