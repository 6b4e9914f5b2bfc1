/* A worker with a stage that counts the messages of each partition and remembers durably how far it is, on a
 * log in memory: topic "t", of PARTITIONS. */
#pragma once

#include "lib/run/worker.h"
#include "tests/support/memory_host.h"
#include "tests/support/test.h"

enum { PARTITIONS = 3 };

struct fixture {
    struct stage stage; /* first */
    struct memory_log *log;
    struct memory_member member;
    struct memory_host host;
    struct worker_config config;
    struct worker *worker;
    int status;
    bool ended;
    /* What the stage counted; a claim goes on from there. */
    int64_t stood[PARTITIONS];
    uint32_t claims[PARTITIONS];
    uint32_t opened;
    bool closed_while_ready;
    /* What the stage is to do. */
    enum error_class open_fails;
    enum error_class take_fails[PARTITIONS];
    enum error_class probe_fails;
    bool lose[PARTITIONS];
    bool turn_fails; /* half a second after the claim */
    int64_t claimed_ms;
    int64_t lag_claimed[PARTITIONS]; /* as it knew it in its first turn */
    bool fills;                      /* with each message, until its next turn */
    /* Of the topic beside: how far each was read, and what else the log gave. */
    int64_t beside[PARTITIONS];
    uint32_t beside_gone;
    /* What was shown last. */
    bool ready;
    char why[300];
    enum partition_state states[PARTITIONS];
    int64_t lags[PARTITIONS];
    uint32_t shown, restarts;
};

/* Of cmocka's: *state is a struct fixture. */
int counting_make(void **state);
int counting_unmake(void **state);

void counting_begin(struct fixture *f, const char *partitions);
/* Makes the topic, and begins in the group: it holds all, and is ready. */
void counting_begin_well(struct fixture *f);
/* Turns for so long. */
void counting_live(struct fixture *f, int64_t ms);
void put_in(struct fixture *f, const char *topic, uint32_t partition, uint32_t count);
void put(struct fixture *f, uint32_t partition, uint32_t count);
