/* What befalls a simulated house: a schedule of faults, made from the seed. */
#pragma once

#include "tests/simulation/rules.h"

/* One row a fault in plan.c: its name, the rules by which it may stop its partition, how it is struck. */
enum fault {
    FAULT_KILL,
    FAULT_HANDLE_DIES,
    FAULT_ACK_LOST,
    FAULT_ACKS_DELAYED,
    FAULT_QUEUE_FULL,
    FAULT_RANGES_FAIL,
    FAULT_BROKERS_AWAY,
    FAULT_OPEN_REFUSED,
    FAULT_SECOND_OWNER,
    FAULT_FROZEN,
    FAULT_LEAVES,
    FAULT_CLAIM_TAKEN,
    FAULT_ROWS_REFUSED,
    FAULT_CONNECTION_LOST,
    FAULT_REPLY_LOST,
    FAULT_TABLES_RESTORED,
    FAULT_SNAPSHOT_MISSING,
    FAULT_SNAPSHOT_TORN,
    FAULT_SNAPSHOT_FLIPPED,
    FAULT_SNAPSHOT_SPOILED,
    FAULT_SNAPSHOTS_COMPACTED,
    FAULT_FRAME_FOREIGN,
    /* From here on its partition must stop, or not notice at all: */
    FAULT_FIRST_RECORD_WRONG,
    FAULT_RECORDS_TAIL_LOST,
    FAULT_RECORDS_DELETED,
    FAULT_RECORD_SPOILED,
    FAULT_RECORD_MISSING,
    FAULT_RECORD_OF_LATER_SCHEMA,
    FAULT_FRAMES_TAIL_LOST,
    FAULT_FRAME_FLIPPED,
    FAULT_FRAME_SPOILED,
    FAULT_FRAME_FORGED,
    FAULT_FRAME_UNSETTLEABLE,
    FAULT_FRAME_OF_LATER_SCHEMA,
    FAULTS,
};
#define FAULT_STOPS_FIRST FAULT_FIRST_RECORD_WRONG

/* What a world has at least. */
enum { PLAN_FAULTS_LEAST = 3, PLAN_KINDS_LEAST = 2 };
enum { PLAN_MAX = 16 };

struct planned {
    enum fault fault;
    uint32_t at; /* once so many messages are fed */
    uint32_t process;
    uint32_t partition;
    uint64_t value; /* what else it hangs on */
    bool struck;
    struct memory_tables *backup; /* of the tables, for a while: */
    uint64_t turn;                /* until the house has had so many turns */
};

struct plan {
    struct planned list[PLAN_MAX];
    uint32_t count;
};

/* At least three faults, of two kinds; at most one of those that stop a partition. */
void plan_make(struct plan *plan, uint64_t seed, const struct house *house);
/* Adds to it, near the end, where what was struck is less than that. */
void plan_fill(struct plan *plan, uint64_t seed, const struct house *house);
/* How many were struck, and of how many kinds. */
void plan_struck(const struct plan *plan, uint32_t *faults, uint32_t *kinds);
void plan_release(struct plan *plan);
/* Strikes what is due; what finds nothing to strike is tried again later. */
void plan_strike(struct plan *plan, struct house *house);
/* A set of rules (1 << rule) by which what was struck may stop the partition; 0: it must not stop. */
uint32_t plan_allows(const struct plan *plan, uint32_t partition);
/* Whether a frame was put beside the partition's own that follows one of them. */
bool plan_forges(const struct plan *plan, uint32_t partition);
/* Whether some of the partition's frames were lost from the log, or changed. */
bool plan_spoils_frames(const struct plan *plan, uint32_t partition);
const char *fault_name(enum fault fault);
void plan_print(const struct plan *plan);
