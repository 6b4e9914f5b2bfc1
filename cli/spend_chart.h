/* Spend as a chart: stacked columns over time, one self-contained SVG for light and dark.
 *
 * Pure: rows of spend_chart_sql in, text out. Names are text of strangers: escaped, and cut for the legend;
 * whole where the pointer rests. Heights are whole 10,000ths of the axis, so nothing is computed in floating
 * point. */
#pragma once

#include "lib/base/pack.h"
#include "lib/io/pg.h"

/* Columns of a row. `tick`: text of a value, and where. `time`: text of a column's time, and its index.
 * `bar`: series from 1 (9: all others), its name (empty: the others), index, from where to where, its amount.
 */
enum spend_chart_column {
    CHART_WHAT,
    CHART_SERIES,
    CHART_TEXT,
    CHART_INDEX,
    CHART_LOW,
    CHART_HIGH,
    CHART_AMOUNT
};

enum { CHART_TIMES_MAX = 1500 }; /* more do not fit */

struct spend_chart {
    const char *title; /* plain text */
    const char *currency;
    const char *every;
    const PGresult *rows;
};

/* There is one time at least. */
void spend_chart_print(const struct spend_chart *chart, struct packer *out);
