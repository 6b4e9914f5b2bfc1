/* Makes of JSON text that RFC 8259 allows, but a parser with 64-bit numbers and UTF-8 strings refuses, text
 * of the same size that it takes: numbers too large become 0.5 and blanks, lone surrogates become \u0000.
 *
 * Neither can pass for a value of ours (an integer, a string without control characters). What is no JSON
 * stays none. */
#pragma once

#include <stdint.h>

void json_mend(char *text, uint32_t size);
