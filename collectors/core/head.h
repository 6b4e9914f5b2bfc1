/* One HTTP/1.1 request's head, read strictly (RFC 9110, RFC 9112).
 *
 * Whatever two readers could take in two ways is refused: who stands before us may have taken it in the
 * other, and one client's bytes become another's request, or two events one. So it is lines that end in CRLF,
 * names that are tokens up to their colon, no folded line, no control character, one length, one host, and
 * each field that has one value once. What is refused ends its connection: where the next request begins is
 * not known. Pure. */
#pragma once

#include "lib/base/str.h"

enum { HEAD_FIELDS_MAX = 100 };

enum head_outcome {
    HEAD_GOOD,
    HEAD_MORE,           /* its end has not come yet */
    HEAD_BAD,            /* 400 */
    HEAD_TOO_LARGE,      /* 431: too many fields */
    HEAD_CODING_UNKNOWN, /* 501: a transfer coding that nobody here knows */
    HEAD_VERSION,        /* 505: not HTTP/1 */
};

struct head_field {
    struct str name;
    struct str value; /* without the blanks around it */
};

struct head {
    struct str method;
    struct str path; /* the target's, without its query; of an absolute one too */
    struct head_field fields[HEAD_FIELDS_MAX];
    uint32_t field_count;
    bool is_chunked;
    int64_t length_bytes; /* of the body; 0 without Content-Length; what 64 bits do not hold is INT64_MAX */
    bool is_kept_alive;   /* the connection, for a next request */
    bool is_continue_awaited; /* Expect: 100-continue */
    struct str why;           /* of what is refused: a literal */
};

/* Where a search for the end is; zero at first. */
struct head_scan {
    uint32_t at;    /* bytes that were looked at */
    uint32_t line;  /* where the line begins */
    uint32_t begin; /* where the head begins: empty lines before it are skipped (RFC 9112 §2.2) */
    struct str why; /* of BAD: a literal */
};

/* Looks on for the head's end in all bytes so far, whatever pieces they came in. GOOD: the head is
 * [begin, at). BAD as soon as the byte is there. */
enum head_outcome head_find_end(struct head_scan *scan, struct str bytes);

/* Reads a head that has its end. Slices of `bytes`. */
enum head_outcome head_parse(struct str bytes, struct head *out);

/* The first field of that name; without one, .at is NULL. */
struct str head_value(const struct head *head, const char *name);
bool head_name_is(struct str name, const char *expected);
