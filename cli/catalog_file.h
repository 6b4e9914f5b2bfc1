/* Reading a catalog's file for a command. */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/catalog.h"

/* Appends the file to *text and parses it. NULL: said on standard error, as FILE:LINE:COLUMN where it is the
 * text's fault. */
struct catalog *catalog_file_read(const char *path, struct packer *text);
