/* A body in chunks (RFC 9112 §7.1), read strictly: sizes in hexadecimal digits, lines that end in CRLF.
 * Extensions and trailer fields are read and dropped, within bounds. Whatever pieces it comes in, the same
 * comes out. Pure. */
#pragma once

#include "lib/base/str.h"

enum chunks_outcome {
    CHUNKS_MORE, /* all that was given is taken */
    CHUNKS_DATA, /* a piece of the body */
    CHUNKS_END,  /* the body is whole; what is left of the bytes is the next request's */
    CHUNKS_BAD,  /* 400, and the end of the connection */
};

enum chunks_step {
    CHUNKS_SIZE,
    CHUNKS_BLANK, /* behind a size: an extension follows */
    CHUNKS_EXTENSION,
    CHUNKS_SIZE_END,
    CHUNKS_INSIDE,
    CHUNKS_INSIDE_CR,
    CHUNKS_INSIDE_END,
    CHUNKS_TRAILER_BEGIN,
    CHUNKS_TRAILER,
    CHUNKS_TRAILER_END,
    CHUNKS_LAST_END,
};

/* Zero at first. */
struct chunks {
    enum chunks_step step;
    uint64_t left_bytes; /* of the chunk; while its size is read, the size so far */
    uint32_t digits;
    uint32_t line_bytes; /* of the extensions of one size, or of all trailers */
};

/* Takes from the front of *bytes. DATA: *data is a slice of them. */
enum chunks_outcome chunks_take(struct chunks *chunks, struct str *bytes, struct str *data);
