/* A settler, or two that take partitions from each other, on a log and tables in memory; rows of `notices`
 * come from the test, as if frames had been settled that made them. */
#pragma once

#include "settler/partition.h"
#include "settler/settler.h"
#include "settler/store/memory_own.h"
#include "tests/support/memory_host.h"
#include "tests/unit/random.h"

enum { PARTITIONS = 2, PROCESSES = 2, ACCOUNTS = 5, A_FRAME = 3 };

struct process {
    struct memory_host host; /* first: it is found by its address */
    struct memory_member reads;
    struct memory_member appends;
    struct settler settler;
    struct stage_ops ops;
    const struct stage_ops *own_ops;
    struct worker_config config;
    struct worker *worker; /* NULL: it does not run */
    int64_t begins_ms;
    int64_t thaws_ms;
    struct partition *parts[PARTITIONS]; /* that had a turn last */
    bool knows;                          /* of all rows, though its claim was taken: it settled them before */
};

struct world {
    struct topics topics;
    struct memory_log *log;
    struct memory_tables *tables;
    struct process processes[PROCESSES];
    struct random random;
};

extern const char *const world_accounts[ACCOUNTS];

/* Without billing.notices. */
void notices_world_begin(struct world *world, uint64_t seed, bool simulated);
void notices_world_end(struct world *world);

struct claim_row *world_claim(struct world *world, uint32_t partition);
int64_t world_clock_us(const struct world *world);
/* The next row of the partition, in its frame of A_FRAME. */
void world_add(struct world *world, uint32_t partition, const char *account, int64_t watermark_us);

void process_start(struct world *world, struct process *process);
/* Its records on their way may land or not. */
void process_kill(struct process *process, enum memory_landing landing);
void world_turns(struct world *world, uint32_t count);
void world_live(struct world *world, int64_t ms);
bool world_all_sent(struct world *world);

/* A message that came. */
struct came {
    int64_t number;
    char account[8];
};

/* The n-th of the partition; false: there is none. */
bool world_look(const struct world *world, uint32_t partition, int64_t n, struct came *came);
uint32_t world_count(const struct world *world, uint32_t partition);
/* A reader that takes of an account what is above its last has every row of it, in order. */
void world_expect_whole(const struct world *world);
/* The numbers that came of partition 0, as text. */
void world_expect_numbers(const struct world *world, const char *expected);
