/* Rows of named columns as text, in the three formats of every command that prints rows (CONTRACT §5, §6).
 *
 * - NDJSON: one object a line, the columns as its keys in their order, no blanks. Of text only the quote, the
 *   backslash and control characters are escaped.
 * - CSV: a header; RFC 4180's quotes only where they are needed; lines end in LF; null is empty.
 * - A table for eyes: a header; figures stand at the right of their column. A column is as wide as was said
 *   and a longer cell shifts what follows it, so that any number of rows needs no memory.
 *
 * Pure and without state: the caller keeps the packer and decides when to write it out. Cells are UTF-8; what
 * they say of a column's type is the caller's word and is not looked at. */
#pragma once

#include "lib/base/pack.h"
#include "lib/base/str.h"

enum sheet_format { SHEET_NDJSON, SHEET_CSV, SHEET_TABLE };

enum column_type {
    COLUMN_TEXT,
    COLUMN_NUMBER,  /* without quotes in NDJSON: what JSON takes for a number */
    COLUMN_DECIMAL, /* a figure that is exact as text: in quotes */
};

struct column {
    const char *name; /* a plain word: it is printed as it is */
    enum column_type type;
    uint32_t width;   /* in a table, in characters */
    const char *null; /* what a table says for null; NULL: "-" */
};

struct sheet {
    enum sheet_format format;
    const struct column *columns;
    uint32_t count;
};

/* A cell that is null. Its address is what tells it from an empty text. */
#define CELL_NULL ((struct str){NULL, 0})

/* The names of the formats in the order of enum sheet_format, ended by NULL: for a table of options. */
extern const char *const sheet_formats[];
/* The format of one of these names, which the command line's check has let through. */
enum sheet_format sheet_format_of(const char *name);

/* What comes before the first row; nothing for NDJSON. */
void sheet_header(const struct sheet *sheet, struct packer *out);
/* Appends a row of sheet->count cells. */
void sheet_row(const struct sheet *sheet, const struct str *cells, struct packer *out);
