/* The log in memory: what a cluster of brokers is to its clients, in simulated time, with every fault that a
 * test asks for. Pure: one thread, no clock, the same calls give the same log.
 *
 * A member is what a process is to the cluster: its opener makes one handle after another (lib/port/log.h).
 * What a handle appends reaches its partition after `latency_ms`, in order, and is acknowledged then. Reading
 * takes partitions in an order that hangs on the seed.
 *
 * Time is the caller's: memory_log_pass. A call that waits (deliveries and poll with a time-out, when there
 * is nothing yet) lets time pass by itself, up to the first thing that happens or the time-out.
 *
 * Faults are struck at a member or at a partition, and counted when they take effect. Bounds: those of
 * lib/port/memory_topic.h and memory_group.h; `pending_max` records of a handle are on their way, more are
 * told RETRY; a partition that holds records_max is FATAL. */
#pragma once

#include <stdbool.h>

#include "lib/port/log.h"

struct memory_log;

struct memory_log_config {
    uint64_t seed;
    int64_t now_ms;
    int64_t latency_ms;   /* 0: at once */
    int64_t session_ms;   /* how long a group keeps the partitions of a member that is away; 0: 10 s */
    uint32_t pending_max; /* 0: 10,000 */
    uint32_t records_max; /* 0: 1,000,000 */
};

struct memory_log *memory_log_new(const struct memory_log_config *config);
/* All handles are closed before. */
void memory_log_free(struct memory_log *log);
/* A topic of that name must not exist yet. */
void memory_log_topic(struct memory_log *log, const char *name, uint32_t partitions);

int64_t memory_log_now(const struct memory_log *log);
void memory_log_pass(struct memory_log *log, int64_t ms);

/* --- clients --- */

/* Faults that wait for the member's calls; zeros: none. Struck by the functions below. */
struct memory_armed {
    int64_t delay_ms;
    const char *ack_topic;
    uint32_t full;
    uint32_t ranges;
    uint32_t refused;
    enum error_class refusal;
};

/* The caller's storage, as long as its handles live. */
struct memory_member {
    struct memory_log *log;
    const char *group;  /* NULL: none; it reads what it assigns */
    const char *topic;  /* that the group hands out */
    const char *name;   /* the group's instance; NULL: none */
    struct log *handle; /* the one that is open; NULL: none */
    struct memory_armed armed;
};
struct log_opener memory_log_opener(struct memory_member *member);

/* --- what a test reads and writes beside all handles --- */

/* Appends at once. The offset. */
int64_t memory_log_put(struct memory_log *log, const struct log_record *record);
/* low and high of the range's partition. */
void memory_log_range(const struct memory_log *log, struct log_range *range);
/* The first record at or behind the offset; good until the partition changes. False: there is none. */
bool memory_log_look(const struct memory_log *log, const struct log_position *at, struct log_message *out);
/* The offset that a group committed; -1: none. */
int64_t memory_log_committed(const struct memory_log *log, const char *group, const char *topic,
                             uint32_t partition);
/* Keeps the last record of each key, as a compacted topic's cleaner does. */
void memory_log_compact(struct memory_log *log, const char *topic, uint32_t partition);

/* --- faults --- */

enum memory_fault {
    MEMORY_HANDLE_DIED,  /* a handle was told ABORT: it was killed, or another took its name in the group */
    MEMORY_ACK_DELAYED,  /* an acknowledgement came late */
    MEMORY_ACK_LOST,     /* a record stands, and its delivery failed */
    MEMORY_SECOND_OWNER, /* a member that the group gave up appended once more */
    MEMORY_TAIL_LOST,    /* records at an offset and above vanished */
    MEMORY_TAIL_GREW_AGAIN, /* and other records took their offsets */
    MEMORY_RECORD_MISSING,  /* a record vanished: a snapshot's chunk */
    MEMORY_RECORD_TORN,     /* the end of a value did */
    MEMORY_BYTE_FLIPPED,
    MEMORY_RECORDS_GONE, /* a handle was told LOG_GOT_GONE */
    MEMORY_QUEUE_FULL,   /* an append was told RETRY */
    MEMORY_RANGES_FAILED,
    MEMORY_AWAY,       /* a call found the brokers away */
    MEMORY_REFUSED,    /* no handle was made */
    MEMORY_REBALANCED, /* partitions were taken from a handle */
    MEMORY_FAULTS,
};
const char *memory_fault_name(enum memory_fault fault);
uint64_t memory_log_struck(const struct memory_log *log, enum memory_fault fault);

/* The member's handle is dead: each call is ABORT. What it had on its way is dropped, or lands all the same.
 */
void memory_log_kill(struct memory_member *member, bool lands);
/* What the member appends from now on is acknowledged so much later; 0: as before. */
void memory_log_delay(struct memory_member *member, int64_t ms);
/* The member's next record for the topic is appended, and its delivery fails. */
void memory_log_lose_ack(struct memory_member *member, const char *topic);
/* The member's next `count` appends are told RETRY; its next `count` ranges; its next `count` opens that
 * class. */
void memory_log_fill(struct memory_member *member, uint32_t count);
void memory_log_fail_ranges(struct memory_member *member, uint32_t count);
void memory_log_refuse(struct memory_member *member, enum error_class class, uint32_t count);
/* The process takes no turns: it is stopped, or goes on. */
void memory_log_freeze(struct memory_member *member);
void memory_log_thaw(struct memory_member *member);
/* The group gives the member up, and hands its partitions to the others; it goes on with them, and appends,
 * until so much time has passed. */
void memory_log_expel(struct memory_member *member, int64_t ms);
/* No broker answers for so long: nothing is read, and what is appended waits. */
void memory_log_away(struct memory_log *log, int64_t ms);

/* Each names a record, or in lose_tail and delete_below where to cut. False: there was nothing to strike. */
bool memory_log_lose_tail(struct memory_log *log, const struct log_position *from);
bool memory_log_delete_below(struct memory_log *log, const struct log_position *below);
bool memory_log_remove(struct memory_log *log, const struct log_position *at);
/* Cuts the value to this size. */
bool memory_log_tear(struct memory_log *log, const struct log_position *at, uint32_t size_bytes);
bool memory_log_flip(struct memory_log *log, const struct log_position *at, uint32_t byte);
