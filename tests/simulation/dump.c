#include "tests/simulation/dump.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/partition.h"
#include "settler/store/memory_own.h"

enum { HEAD_SIZE = 500, DIFFERENCES_MAX = 5 };

/* Whose line it is, and which frame's. `head` is what stands before the names. */
static void place(struct dump_line *line, const char *head, struct str first_name, uint32_t partitions)
{
    uint32_t partition = UINT32_MAX;
    int64_t seq = -1;
    if (sscanf(head, "settled %*d %*s %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "order_facts %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "catalogs %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "payments %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "rejected %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "charges %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "ledger %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "frames %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "bill_cuts %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "bill_totals %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "notices %" SCNu32 " %" SCNd64, &partition, &seq) == 2 ||
        sscanf(head, "accounts %" SCNu32, &partition) == 1 ||
        sscanf(head, "resource_states %" SCNu32, &partition) == 1 ||
        sscanf(head, "rejected usage.rejects %" SCNu32, &partition) == 1 ||
        sscanf(head, "claim %" SCNu32, &partition) == 1 ||
        sscanf(head, "line_names %*s %" SCNu32, &partition) == 1 ||
        sscanf(head, "order_due %" SCNu32, &partition) == 1) {
        line->partition = partition;
    } else if (strncmp(head, "order_usage ", 12) == 0) {
        line->partition = partition_of(first_name, partitions);
    } else if (strncmp(head, "price_list ", 11) == 0) {
        line->partition = 0; /* which alone writes it */
    } else {
        CHECK(strncmp(head, "meta ", 5) == 0);
    }
    line->seq = seq;
}

/* A claim without its place in usage.frames. */
static int write_claim(char out[HEAD_SIZE], const char *head)
{
    int before = 0, behind = 0;
    CHECK(sscanf(head, "claim %*u %*u %*d%n %*d%n", &before, &behind) == 0 && behind > before);
    return snprintf(out, HEAD_SIZE, "%.*s%s", before, head, head + behind);
}

static void add_line(struct dump *dump, struct str text, uint32_t partitions)
{
    char head[HEAD_SIZE], claim[HEAD_SIZE];
    const char *tab = memchr(text.at, '\t', text.size);
    uint32_t size = (uint32_t)(tab - text.at);
    CHECK(tab != NULL && size < HEAD_SIZE);
    memcpy(head, text.at, size);
    head[size] = 0;
    const char *name_end = tab + 1;
    while (*name_end != '\t' && *name_end != '\n')
        name_end++;
    struct dump_line line = {.partition = UINT32_MAX, .from = dump->text.bytes.count};
    place(&line, head, (struct str){tab + 1, (uint32_t)(name_end - tab - 1)}, partitions);
    if (strncmp(head, "claim ", 6) == 0)
        pack_raw(&dump->text, claim, (size_t)write_claim(claim, head));
    else
        pack_raw(&dump->text, head, size);
    pack_raw(&dump->text, tab, text.size - size);
    line.size_bytes = dump->text.bytes.count - line.from;
    vec_push(&dump->lines, line);
}

void dump_make(struct dump *dump, const struct memory_tables *tables, uint32_t partitions)
{
    struct packer printed = {0};
    *dump = (struct dump){0};
    memory_tables_print(tables, &printed);
    for (uint32_t from = 0; from < printed.bytes.count;) {
        const char *at = printed.bytes.at + from;
        const char *end = memchr(at, '\n', printed.bytes.count - from);
        add_line(dump, (struct str){at, (uint32_t)(end - at) + 1}, partitions);
        from += (uint32_t)(end - at) + 1;
    }
    vec_release(&printed.bytes);
}

void dump_release(struct dump *dump)
{
    vec_release(&dump->text.bytes);
    vec_release(&dump->lines);
}

/* The next line of the partition that frames below `seq` wrote, or of any where seq is INT64_MAX. */
static bool next_line(const struct dump *dump, uint32_t *at, uint32_t partition, int64_t seq, struct str *out)
{
    for (; *at < dump->lines.count; ++*at) {
        const struct dump_line *line = &dump->lines.at[*at];
        bool wanted = seq == INT64_MAX || (line->seq >= 0 && line->seq < seq);
        if (line->partition != partition || !wanted)
            continue;
        *out = (struct str){dump->text.bytes.at + line->from, line->size_bytes};
        ++*at;
        return true;
    }
    return false;
}

static bool same(const struct dump *a, const struct dump *b, uint32_t partition, int64_t seq)
{
    uint32_t at_a = 0, at_b = 0;
    struct str line_a, line_b;
    for (;;) {
        bool more_a = next_line(a, &at_a, partition, seq, &line_a);
        bool more_b = next_line(b, &at_b, partition, seq, &line_b);
        if (more_a != more_b)
            return false;
        if (!more_a)
            return true;
        if (!str_equal(line_a, line_b))
            return false;
    }
}

bool dump_same(const struct dump *a, const struct dump *b, uint32_t partition)
{
    return same(a, b, partition, INT64_MAX);
}

bool dump_same_below(const struct dump *a, const struct dump *b, uint32_t partition, uint64_t seq)
{
    return same(a, b, partition, (int64_t)seq);
}

static bool has_line(const struct dump *dump, struct str line)
{
    for (uint32_t i = 0; i < dump->lines.count; i++) {
        struct str have = {dump->text.bytes.at + dump->lines.at[i].from, dump->lines.at[i].size_bytes};
        if (str_equal(have, line))
            return true;
    }
    return false;
}

void dump_print_difference(const struct dump *dump, const struct dump *other, uint32_t partition)
{
    uint32_t at = 0;
    struct str line;
    int printed = 0;
    while (printed < DIFFERENCES_MAX && next_line(dump, &at, partition, INT64_MAX, &line)) {
        if (has_line(other, line))
            continue;
        printf("    %.*s", STR_ARG(line));
        printed++;
    }
}

static const struct claim_row *claim_of(const struct memory_tables *tables, uint32_t partition)
{
    static const struct claim_row none;
    for (uint32_t i = 0; i < tables->rows.claims.count; i++)
        if (tables->rows.claims.at[i].partition == partition)
            return &tables->rows.claims.at[i].row;
    return &none;
}

uint64_t tables_next_seq(const struct memory_tables *tables, uint32_t partition)
{
    return claim_of(tables, partition)->next_seq;
}

int64_t tables_step(const struct memory_tables *tables, uint32_t partition)
{
    return claim_of(tables, partition)->step;
}
