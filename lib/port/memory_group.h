/* The memory log's consumer groups: who holds which partitions of a topic, as Kafka's eager range assignor
 * with static membership has it (DESIGN §4). Knows no records.
 *
 * A member that is there takes part at its next turn. A rebalance takes all partitions from all members, and
 * hands them out when each has taken its turn, or has been away for a session. A member with a name that goes
 * keeps its partitions for a session, and one of the same name that comes gets them without a rebalance. */
#pragma once

#include <stdbool.h>

#include "lib/base/vec.h"

enum { MEMORY_GROUPS_MAX = 8, MEMORY_MEMBERS_MAX = 16, MEMORY_GROUP_PARTITIONS_MAX = 256 };

/* A place in a group, whether or not a handle fills it now. */
struct memory_seat {
    char *name;      /* empty: it is nobody's once its handle goes */
    void *owner;     /* the handle; NULL: it went */
    int64_t away_ms; /* since when it takes no turns; INT64_MAX: it does */
    bool joined;     /* took its turn in this rebalance */
    bool told;       /* of the partitions that it has now */
    uint32_t first;  /* its partitions, since the last rebalance */
    uint32_t count;
};

struct memory_group {
    char *name;
    uint32_t partitions; /* of the topic */
    VEC(struct memory_seat) seats;
    bool rebalancing;
};

enum memory_turn {
    MEMORY_TURN_STAYS, /* what it holds */
    MEMORY_TURN_REVOKED,
    MEMORY_TURN_ASSIGNED, /* *first and *count: partitions that are its own from now on */
};

void memory_group_release(struct memory_group *group);
/* The handle takes the seat of its name, or a new one. Returns the owner that lost the seat; NULL: none. */
void *memory_group_join(struct memory_group *group, const char *name, void *owner);
/* The handle goes; its seat stays for a session if it has a name. */
void memory_group_leave(struct memory_group *group, void *owner, int64_t now_ms);
/* The handle is dead, and the group does not know yet: its seat stays for a session. */
void memory_group_lose(struct memory_group *group, void *owner, int64_t now_ms);
/* The handle takes no turns from now on (its process is stopped), or does again. */
void memory_group_freeze(struct memory_group *group, void *owner, int64_t now_ms);
void memory_group_thaw(struct memory_group *group, void *owner);
/* The group gives the handle up, which does not know of it. */
void memory_group_expel(struct memory_group *group, void *owner);
bool memory_group_has(const struct memory_group *group, void *owner);
/* Gives up seats that were away for a session. */
void memory_group_expire(struct memory_group *group, int64_t now_ms, int64_t session_ms);
/* The member's turn; `holds`: it was told of partitions, and not that they were taken from it. */
enum memory_turn memory_group_turn(struct memory_group *group, void *owner, bool holds, uint32_t *first,
                                   uint32_t *count);
