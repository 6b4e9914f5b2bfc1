#include "lib/port/memory_group.h"

#include "lib/base/check.h"

void memory_group_release(struct memory_group *group)
{
    for (uint32_t i = 0; i < group->seats.count; i++)
        free(group->seats.at[i].name);
    vec_release(&group->seats);
    free(group->name);
}

static struct memory_seat *seat_of(const struct memory_group *group, void *owner)
{
    for (uint32_t i = 0; i < group->seats.count; i++)
        if (group->seats.at[i].owner == owner)
            return &group->seats.at[i];
    return NULL;
}

static void rebalance(struct memory_group *group)
{
    group->rebalancing = true;
    for (uint32_t i = 0; i < group->seats.count; i++)
        group->seats.at[i].joined = false;
}

static void remove_seat(struct memory_group *group, struct memory_seat *seat)
{
    free(seat->name);
    vec_remove(&group->seats, (uint32_t)(seat - group->seats.at), 1);
    rebalance(group);
}

void *memory_group_join(struct memory_group *group, const char *name, void *owner)
{
    for (uint32_t i = 0; i < group->seats.count && name[0] != 0; i++) {
        struct memory_seat *seat = &group->seats.at[i];
        if (strcmp(seat->name, name) != 0)
            continue;
        void *before = seat->owner;
        seat->owner = owner;
        seat->away_ms = INT64_MAX;
        seat->told = seat->joined = false;
        return before;
    }
    CHECK(group->seats.count < MEMORY_MEMBERS_MAX);
    /* By name, as the assignor has them; those without one in the order of coming. */
    uint32_t at = group->seats.count;
    while (at > 0 && strcmp(group->seats.at[at - 1].name, name) > 0)
        at--;
    struct memory_seat seat = {.name = strdup(name), .owner = owner, .away_ms = INT64_MAX};
    CHECK(seat.name != NULL);
    vec_insert(&group->seats, at, seat);
    rebalance(group);
    return NULL;
}

void memory_group_lose(struct memory_group *group, void *owner, int64_t now_ms)
{
    struct memory_seat *seat = seat_of(group, owner);
    if (seat == NULL)
        return;
    seat->owner = NULL;
    if (seat->away_ms == INT64_MAX)
        seat->away_ms = now_ms;
}

void memory_group_leave(struct memory_group *group, void *owner, int64_t now_ms)
{
    struct memory_seat *seat = seat_of(group, owner);
    if (seat != NULL && seat->name[0] == 0)
        remove_seat(group, seat);
    else
        memory_group_lose(group, owner, now_ms);
}

void memory_group_freeze(struct memory_group *group, void *owner, int64_t now_ms)
{
    struct memory_seat *seat = seat_of(group, owner);
    if (seat != NULL)
        seat->away_ms = now_ms;
}

void memory_group_thaw(struct memory_group *group, void *owner)
{
    struct memory_seat *seat = seat_of(group, owner);
    if (seat != NULL)
        seat->away_ms = INT64_MAX;
}

void memory_group_expel(struct memory_group *group, void *owner)
{
    struct memory_seat *seat = seat_of(group, owner);
    if (seat != NULL)
        remove_seat(group, seat);
}

bool memory_group_has(const struct memory_group *group, void *owner)
{
    return seat_of(group, owner) != NULL;
}

void memory_group_expire(struct memory_group *group, int64_t now_ms, int64_t session_ms)
{
    for (uint32_t i = 0; i < group->seats.count;) {
        struct memory_seat *seat = &group->seats.at[i];
        if (seat->away_ms == INT64_MAX || now_ms - seat->away_ms <= session_ms)
            i++;
        else
            remove_seat(group, seat);
    }
}

/* The range assignor: contiguous shares, of which the first are one larger. */
static void hand_out(struct memory_group *group)
{
    uint32_t seats = group->seats.count, next = 0;
    for (uint32_t i = 0; i < seats; i++) {
        struct memory_seat *seat = &group->seats.at[i];
        seat->first = next;
        seat->count = group->partitions / seats + (i < group->partitions % seats);
        seat->told = false;
        next += seat->count;
    }
    group->rebalancing = false;
}

static bool all_joined(const struct memory_group *group)
{
    for (uint32_t i = 0; i < group->seats.count; i++)
        if (!group->seats.at[i].joined)
            return false;
    return true;
}

enum memory_turn memory_group_turn(struct memory_group *group, void *owner, bool holds, uint32_t *first,
                                   uint32_t *count)
{
    struct memory_seat *seat = seat_of(group, owner);
    if (seat == NULL)
        return holds ? MEMORY_TURN_REVOKED : MEMORY_TURN_STAYS;
    if (group->rebalancing) {
        seat->joined = true;
        if (all_joined(group))
            hand_out(group);
        if (holds)
            return MEMORY_TURN_REVOKED;
    }
    if (group->rebalancing || seat->told)
        return MEMORY_TURN_STAYS;
    seat->told = true;
    *first = seat->first;
    *count = seat->count;
    return MEMORY_TURN_ASSIGNED;
}
