/* `hourglass explain` for eyes: the sections of one line, on standard output. */
#pragma once

#include "cli/explain_line.h"

void explain_print_head(const struct history_line *line, int64_t hour_s);
/* One settled row: its frame, when that was, what it changed. */
void explain_print_row(const struct history_row *row);
/* A usage line: its seconds (a count: its sums), run by run, and the formula; the orders that cover some of
 * it. */
void explain_print_usage(const struct explained *of);
/* A line of an order: its facts and the formula. */
void explain_print_order_line(const struct explained *of);
/* "6.705556"; of a line without price, and of none, words. */
void explain_amount_text(const struct settled *settled, uint32_t charge_scale, char out[AMOUNT_TEXT_SIZE]);
