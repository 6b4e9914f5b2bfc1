/* Files of the command line: whole ones with a bound, and long ones line by line in bounded memory. "-" is
 * standard input. Nothing here logs; errno says why. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/pack.h"

/* Appends the whole file. False: it cannot be read, or is larger than limit_bytes (errno EFBIG). */
__attribute__((warn_unused_result)) bool file_read(const char *path, size_t limit_bytes, struct packer *out);

/* A file in pieces that end with a line's end (the last one may not). */
struct file_pieces {
    int fd;
    struct packer buffer;
    size_t given; /* of the buffer: whole lines that were handed out */
    bool ended;
    bool failed; /* a read failed; errno was kept in `error` */
    int error;
};

/* False: it cannot be opened (errno). */
__attribute__((warn_unused_result)) bool file_pieces_open(struct file_pieces *pieces, const char *path);
/* The next piece; good until the next call. False: the end, or `failed`. */
bool file_pieces_next(struct file_pieces *pieces, struct str *piece);
void file_pieces_close(struct file_pieces *pieces);

/* Writes all of it; false: errno says why not. */
__attribute__((warn_unused_result)) bool file_write_all(int fd, const void *at, size_t size);
/* The same for what follows something: where who reads a pipe is gone it is false with EPIPE, though there be
 * nothing to write, maybe for long. */
__attribute__((warn_unused_result)) bool file_write_following(int fd, const void *at, size_t size);
