/* The settlers' tables as lines of text that can be compared, told apart by partition. Who owns a partition
 * and where in usage.frames it goes on are left out: they hang on who was there, not on what is owed. */
#pragma once

#include "lib/base/pack.h"
#include "settler/store/memory_store.h"

struct dump_line {
    uint32_t partition; /* UINT32_MAX: of none */
    int64_t seq;        /* of the frame that wrote it, once and for all; -1: a line that changes */
    uint32_t from;
    uint32_t size_bytes;
};

struct dump {
    struct packer text;
    VEC(struct dump_line) lines; /* sorted */
};

void dump_make(struct dump *dump, const struct memory_tables *tables, uint32_t partitions);
void dump_release(struct dump *dump);
/* Whether both say the same of a partition. */
bool dump_same(const struct dump *a, const struct dump *b, uint32_t partition);
/* Whether what frames below `seq` wrote of a partition is the same in both. */
bool dump_same_below(const struct dump *a, const struct dump *b, uint32_t partition, uint64_t seq);

/* Prints the first lines of a partition that are not in the other. */
void dump_print_difference(const struct dump *dump, const struct dump *other, uint32_t partition);

/* The number of the partition's next frame, and the steps of it that are done, as its claim has them. */
uint64_t tables_next_seq(const struct memory_tables *tables, uint32_t partition);
int64_t tables_step(const struct memory_tables *tables, uint32_t partition);
