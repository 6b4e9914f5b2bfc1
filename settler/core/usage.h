/* A line's usage of an hour as bytes (schemas/README.md, Tables), and back into the book. */
#pragma once

#include "lib/base/pack.h"
#include "settler/core/book.h"

void usage_pack(const struct book *book, const struct line_hour *hour, struct packer *out);
/* Takes the place of the usage that is there. False: they are no such bytes. */
__attribute__((warn_unused_result)) bool usage_unpack(struct book *book, uint32_t hour, struct str bytes);
