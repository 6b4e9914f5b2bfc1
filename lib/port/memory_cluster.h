/* The insides of the memory log: the cluster (memory_log.c), its handles (memory_handle.c) and the records
 * that they have on their way (memory_flight.c). */
#pragma once

#include "lib/base/check.h"
#include "lib/port/memory_group.h"
#include "lib/port/memory_log.h"
#include "lib/port/memory_topic.h"

enum { MEMORY_COMMIT_NAME = 256 };

struct memory_handle;

/* A record between its append and its delivery. */
struct memory_flight {
    struct memory_handle *handle; /* NULL: the handle is dead, and it lands all the same */
    const char *topic;            /* the cluster's */
    struct log_record record;     /* key and value in owned */
    char *owned;
    int64_t arrives_ms;
    int64_t told_ms; /* the acknowledgement's time */
    bool landed;
    bool ack_lost;
    bool delayed;
    struct log_delivery delivery;
};

/* A group's offset of a partition of a topic. */
struct memory_commit {
    char *name; /* GROUP/TOPIC */
    uint32_t partition;
    int64_t offset;
};

struct memory_log {
    struct memory_log_config config;
    int64_t now_ms;
    int64_t away_until_ms;
    int64_t next_arrival_ms; /* of the flights that have not landed */
    uint64_t random;
    struct memory_topics topics;
    struct memory_group groups[MEMORY_GROUPS_MAX];
    uint32_t group_count;
    uint32_t handles;
    VEC(struct memory_flight) flights; /* in the order of appending */
    VEC(struct memory_commit) committed;
    uint64_t struck[MEMORY_FAULTS];
};

uint64_t memory_random(struct memory_log *log);
bool memory_is_away(const struct memory_log *log);
/* What has had its time lands. */
void memory_arrive(struct memory_log *log);
void memory_strike(struct memory_log *log, enum memory_fault fault);

/* How far a partition is read. */
struct memory_place {
    char *topic;
    uint32_t partition;
    int64_t next;
    bool end_told;
    bool gone_told; /* nothing comes until it is assigned anew */
};

struct memory_handle {
    struct log log; /* first: the handle is found by its address */
    struct memory_log *cluster;
    struct memory_member *member;
    struct log_client client;
    struct memory_group *group; /* NULL: none */
    VEC(struct memory_place) places;
    VEC(struct memory_flight) due; /* that are being told */
    struct log_pending pending;
    int64_t arrives_ms; /* of the last record */
    int64_t told_ms;
    int64_t unaware_until_ms; /* the group gave it up, which it does not know so long */
    bool holds;               /* partitions, as far as it was told */
    bool expelled;            /* and has not appended since */
    bool dead;
    bool death_told;
    bool failed;    /* a delivery did */
    uint32_t given; /* messages that are not released */
    const char *why;
};

static inline struct memory_handle *memory_handle_of(const struct log *log)
{
    union {
        const struct log *log;
        struct memory_handle *handle;
    } of = {.log = log};
    return of.handle;
}

/* ABORT: it was killed. */
enum error_class memory_handle_dead(struct memory_handle *handle, struct error *error);
/* Time passes until the moment, or until what the caller waits for. */
void memory_handle_wait(struct memory_handle *handle, int timeout_ms, int64_t moment_ms);
/* Whether one of so many faults was left. */
bool memory_spend(uint32_t *armed);

/* Of lib/port/log.h. */
enum error_class memory_append(struct log *at, const struct log_record *record, struct error *error);
enum error_class memory_deliveries(struct log *at, int timeout_ms, struct error *error);
/* What has not landed goes, but for the first `lands` of them, which nobody waits for. */
void memory_let_land(struct memory_handle *handle, uint32_t lands);
/* All that is not delivered is told as failed; some of it may land. */
void memory_drop_flights(struct memory_handle *handle);
