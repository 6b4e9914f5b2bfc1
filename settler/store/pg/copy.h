/* Rows of a COPY in PostgreSQL's binary format ("File Formats" in its page on COPY): the server parses no
 * text. Internal to the settler's store. */
#pragma once

#include "lib/base/pack.h"

/* The file's head; then rows, each with as many fields as its begin said; then the tail. */
void copy_begin(struct packer *out);
void copy_row(struct packer *out, int fields);
void copy_end(struct packer *out);

void copy_bytes(struct packer *out, const void *at, size_t size); /* text, bytea, uuid */
void copy_text(struct packer *out, struct str text);
void copy_null(struct packer *out);
void copy_bool(struct packer *out, bool value);
void copy_letter(struct packer *out, char letter); /* "char"; 0: empty */
void copy_smallint(struct packer *out, int16_t value);
void copy_int(struct packer *out, int32_t value);
void copy_bigint(struct packer *out, int64_t value);
void copy_time(struct packer *out, int64_t second_s); /* timestamptz */
void copy_date(struct packer *out, int64_t day_s);    /* date; the day's first second */
void copy_no_date(struct packer *out);                /* date: -infinity */
/* A numeric of the text's digits: "-12.340000" has a scale of 6. */
void copy_numeric(struct packer *out, struct str text);
