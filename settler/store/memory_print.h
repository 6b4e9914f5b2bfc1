/* Lines of the tables in memory under way. Internal to settler/store/memory_print*.c. */
#pragma once

#include "settler/store/memory_own.h"

/* Sorted when all are there. */
struct print {
    struct packer text;
    VEC(uint32_t) starts;
};

enum { HEAD_SIZE = 400 };

/* A line: the table and its numbers, then names, each behind a tab; none has one in it. */
void print_line(struct print *print, const char *head, const struct str *names, size_t count);

#define PUT_LINE(print, head, ...)                                                                           \
    do {                                                                                                     \
        const struct str line_names[] = {__VA_ARGS__};                                                       \
        print_line((print), (head), line_names, sizeof line_names / sizeof *line_names);                     \
    } while (0)

void print_money(struct print *print, const struct memory_rows *rows);
void print_derived(struct print *print, const struct memory_rows *rows);
