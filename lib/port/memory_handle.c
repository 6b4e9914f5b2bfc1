#include <stdio.h>

#include "lib/port/memory_cluster.h"

enum error_class memory_handle_dead(struct memory_handle *handle, struct error *error)
{
    if (!handle->death_told)
        memory_strike(handle->cluster, MEMORY_HANDLE_DIED);
    handle->death_told = true;
    return error_set(error, ERROR_ABORT, "handle", handle->why);
}

void memory_handle_wait(struct memory_handle *handle, int timeout_ms, int64_t moment_ms)
{
    struct memory_log *log = handle->cluster;
    int64_t until_ms = log->now_ms + timeout_ms;
    if (memory_is_away(log) && moment_ms < log->away_until_ms)
        moment_ms = log->away_until_ms;
    if (moment_ms < until_ms)
        until_ms = moment_ms;
    if (until_ms > log->now_ms)
        memory_log_pass(log, until_ms - log->now_ms);
}

bool memory_spend(uint32_t *armed)
{
    if (*armed == 0)
        return false;
    --*armed;
    return true;
}

/* --- reading --- */

static struct log_pending pending(const struct log *at)
{
    return memory_handle_of(at)->pending;
}

static void forget_places(struct memory_handle *handle)
{
    for (uint32_t i = 0; i < handle->places.count; i++)
        free(handle->places.at[i].topic);
    vec_clear(&handle->places);
}

static enum error_class assign(struct log *at, const struct log_position *positions, uint32_t count,
                               struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    if (handle->dead)
        return memory_handle_dead(handle, error);
    forget_places(handle);
    for (uint32_t i = 0; i < count; i++) {
        const struct log_position *position = &positions[i];
        if (memory_topics_find(&handle->cluster->topics, position->topic, position->partition) == NULL)
            return error_set(error, ERROR_FATAL, position->topic, "no such topic or partition");
        struct memory_place place = {strdup(position->topic), position->partition, position->offset, false,
                                     false};
        CHECK(place.topic != NULL);
        vec_push(&handle->places, place);
    }
    return ERROR_NONE;
}

/* A copy of its own, so that a reader that keeps it beyond its release is found out. */
static void give(struct memory_handle *handle, const struct memory_entry *entry, struct log_message *out)
{
    char *copy = malloc((size_t)entry->key.size + entry->value.size + 1);
    CHECK(copy != NULL);
    memcpy(copy, entry->owned, (size_t)entry->key.size + entry->value.size);
    out->offset = entry->offset;
    out->timestamp_ms = entry->timestamp_ms;
    out->key = (struct str){copy, entry->key.size};
    out->value = (struct str){copy + entry->key.size, entry->value.size};
    out->handle = copy;
    handle->given++;
}

static enum log_got read_place(struct memory_handle *handle, struct memory_place *place,
                               struct log_message *out)
{
    const struct memory_partition *partition =
        memory_topics_find(&handle->cluster->topics, place->topic, place->partition);
    if (place->gone_told)
        return LOG_GOT_NOTHING;
    *out = (struct log_message){.topic = place->topic, .partition = place->partition, .offset = place->next};
    if (place->next < partition->low || place->next > partition->high) {
        place->gone_told = true;
        memory_strike(handle->cluster, MEMORY_RECORDS_GONE);
        return LOG_GOT_GONE;
    }
    const struct memory_entry *entry = memory_partition_at(partition, place->next);
    if (entry != NULL) {
        place->next = entry->offset + 1;
        place->end_told = false;
        give(handle, entry, out);
        return LOG_GOT_MESSAGE;
    }
    if (place->end_told)
        return LOG_GOT_NOTHING;
    place->end_told = true;
    place->next = out->offset = partition->high;
    return LOG_GOT_END;
}

static enum log_got read_next(struct memory_handle *handle, struct log_message *out)
{
    uint32_t count = handle->places.count;
    uint32_t first = count > 0 ? (uint32_t)(memory_random(handle->cluster) % count) : 0;
    for (uint32_t i = 0; i < count; i++) {
        enum log_got got = read_place(handle, &handle->places.at[(first + i) % count], out);
        if (got != LOG_GOT_NOTHING)
            return got;
    }
    *out = (struct log_message){.topic = ""};
    return LOG_GOT_NOTHING;
}

static void join(struct memory_handle *handle)
{
    struct memory_member *member = handle->member;
    struct memory_handle *fenced =
        memory_group_join(handle->group, member->name != NULL ? member->name : "", handle);
    if (fenced == NULL)
        return;
    fenced->dead = true;
    fenced->why = "another of its name is in the group";
}

/* Its turn in the group. True: partitions were taken from it, or given to it. */
static bool take_turn(struct memory_handle *handle)
{
    struct memory_log *log = handle->cluster;
    uint32_t first, count, numbers[MEMORY_GROUP_PARTITIONS_MAX];
    memory_group_expire(handle->group, log->now_ms, log->config.session_ms);
    bool has = memory_group_has(handle->group, handle);
    if (!has && log->now_ms < handle->unaware_until_ms)
        return false;
    enum memory_turn turn = memory_group_turn(handle->group, handle, handle->holds, &first, &count);
    if (!has)
        join(handle);
    handle->expelled = false;
    switch (turn) {
    case MEMORY_TURN_STAYS:
        return false;
    case MEMORY_TURN_REVOKED:
        forget_places(handle);
        handle->holds = false;
        memory_strike(log, MEMORY_REBALANCED);
        handle->client.revoked(handle->client.context);
        return true;
    case MEMORY_TURN_ASSIGNED:
        break;
    }
    for (uint32_t i = 0; i < count; i++)
        numbers[i] = first + i;
    handle->holds = true;
    handle->client.assigned(handle->client.context, numbers, count);
    return true;
}

static enum log_got poll(struct log *at, int timeout_ms, struct log_message *out, struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    struct memory_log *log = handle->cluster;
    *out = (struct log_message){.topic = ""};
    if (handle->dead) {
        memory_handle_dead(handle, error);
        return LOG_GOT_ERROR;
    }
    if (memory_is_away(log)) {
        memory_strike(log, MEMORY_AWAY);
        memory_handle_wait(handle, timeout_ms, log->away_until_ms);
        return LOG_GOT_NOTHING;
    }
    memory_arrive(log);
    if (handle->group != NULL && take_turn(handle))
        return LOG_GOT_NOTHING;
    enum log_got got = read_next(handle, out);
    if (got != LOG_GOT_NOTHING || timeout_ms == 0)
        return got;
    memory_handle_wait(handle, timeout_ms, log->next_arrival_ms);
    return read_next(handle, out);
}

static void release(struct log *at, struct log_message *message)
{
    if (message->handle == NULL)
        return;
    memory_handle_of(at)->given--;
    free(message->handle);
    message->handle = NULL;
}

/* --- the rest --- */

static enum error_class ranges(struct log *at, struct log_range *list, uint32_t count, struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    if (handle->dead)
        return memory_handle_dead(handle, error);
    if (memory_is_away(handle->cluster) || memory_spend(&handle->member->armed.ranges)) {
        memory_strike(handle->cluster, MEMORY_RANGES_FAILED);
        return error_set(error, ERROR_RETRY, "ranges", "timed out");
    }
    memory_arrive(handle->cluster);
    for (uint32_t i = 0; i < count; i++) {
        if (memory_topics_find(&handle->cluster->topics, list[i].topic, list[i].partition) == NULL)
            return error_set(error, ERROR_FATAL, list[i].topic, "no such topic or partition");
        memory_log_range(handle->cluster, &list[i]);
    }
    return ERROR_NONE;
}

static void note_commit(struct memory_log *log, const char *name, const struct log_position *position)
{
    for (uint32_t i = 0; i < log->committed.count; i++) {
        struct memory_commit *commit = &log->committed.at[i];
        if (commit->partition != position->partition || strcmp(commit->name, name) != 0)
            continue;
        commit->offset = position->offset;
        return;
    }
    struct memory_commit commit = {strdup(name), position->partition, position->offset};
    CHECK(commit.name != NULL);
    vec_push(&log->committed, commit);
}

static enum error_class commit(struct log *at, const struct log_position *positions, uint32_t count,
                               struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    if (handle->dead)
        return memory_handle_dead(handle, error);
    /* Without a group there is nowhere to keep them, and of a member that was given up none are taken. */
    if (handle->group == NULL || !memory_group_has(handle->group, handle))
        return ERROR_NONE;
    for (uint32_t i = 0; i < count; i++) {
        char name[MEMORY_COMMIT_NAME];
        snprintf(name, sizeof name, "%s/%s", handle->member->group, positions[i].topic);
        note_commit(handle->cluster, name, &positions[i]);
    }
    return ERROR_NONE;
}

static enum error_class partitions(struct log *at, const char *topic, uint32_t *count, struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    if (handle->dead)
        return memory_handle_dead(handle, error);
    if (memory_is_away(handle->cluster)) {
        memory_strike(handle->cluster, MEMORY_AWAY);
        return error_set(error, ERROR_RETRY, topic, "timed out");
    }
    *count = memory_topics_partitions(&handle->cluster->topics, topic);
    return ERROR_NONE;
}

static void close_handle(struct log *at)
{
    struct memory_handle *handle = memory_handle_of(at);
    struct memory_log *log = handle->cluster;
    CHECK(handle->given == 0); /* each message is released before */
    memory_drop_flights(handle);
    if (handle->group != NULL)
        memory_group_leave(handle->group, handle, log->now_ms);
    forget_places(handle);
    vec_release(&handle->places);
    if (handle->member->handle == at)
        handle->member->handle = NULL;
    log->handles--;
    free(handle);
}

/* --- opening --- */

static struct memory_group *group_of(struct memory_log *log, const struct memory_member *member)
{
    for (uint32_t i = 0; i < log->group_count; i++)
        if (strcmp(log->groups[i].name, member->group) == 0)
            return &log->groups[i];
    CHECK(log->group_count < MEMORY_GROUPS_MAX);
    struct memory_group *group = &log->groups[log->group_count++];
    group->name = strdup(member->group);
    group->partitions = memory_topics_partitions(&log->topics, member->topic);
    CHECK(group->name != NULL && group->partitions <= MEMORY_GROUP_PARTITIONS_MAX);
    return group;
}

static struct log *open_handle(void *context, const struct log_client *client, struct error *error)
{
    static const struct log_ops ops = {memory_append, memory_deliveries, pending, assign,
                                       poll,          release,           ranges,  commit,
                                       partitions,    close_handle};
    struct memory_member *member = context;
    struct memory_log *log = member->log;
    CHECK(member->handle == NULL);
    if (memory_spend(&member->armed.refused)) {
        memory_strike(log, MEMORY_REFUSED);
        error_set(error, member->armed.refusal, "open", "refused");
        return NULL;
    }
    if (member->group != NULL && memory_topics_partitions(&log->topics, member->topic) == 0) {
        error_set(error, ERROR_FATAL, member->topic, "no such topic");
        return NULL;
    }
    struct memory_handle *handle = calloc(1, sizeof *handle);
    CHECK(handle != NULL);
    handle->log.ops = &ops;
    handle->cluster = log;
    handle->member = member;
    handle->client = *client;
    handle->why = "killed";
    if (member->group != NULL) {
        handle->group = group_of(log, member);
        join(handle);
    }
    log->handles++;
    member->handle = &handle->log;
    return &handle->log;
}

struct log_opener memory_log_opener(struct memory_member *member)
{
    return (struct log_opener){open_handle, member};
}

/* --- faults of members --- */

void memory_log_kill(struct memory_member *member, bool lands)
{
    if (member->handle == NULL)
        return;
    struct memory_handle *handle = memory_handle_of(member->handle);
    handle->dead = true;
    memory_let_land(handle, lands ? handle->pending.records : 0);
    if (handle->group != NULL)
        memory_group_lose(handle->group, handle, handle->cluster->now_ms);
}

void memory_log_delay(struct memory_member *member, int64_t ms)
{
    member->armed.delay_ms = ms;
}

void memory_log_lose_ack(struct memory_member *member, const char *topic)
{
    member->armed.ack_topic = topic;
}

void memory_log_fill(struct memory_member *member, uint32_t count)
{
    member->armed.full = count;
}

void memory_log_fail_ranges(struct memory_member *member, uint32_t count)
{
    member->armed.ranges = count;
}

void memory_log_refuse(struct memory_member *member, enum error_class class, uint32_t count)
{
    member->armed.refusal = class;
    member->armed.refused = count;
}

void memory_log_freeze(struct memory_member *member)
{
    struct memory_handle *handle = member->handle != NULL ? memory_handle_of(member->handle) : NULL;
    if (handle != NULL && handle->group != NULL)
        memory_group_freeze(handle->group, handle, handle->cluster->now_ms);
}

void memory_log_thaw(struct memory_member *member)
{
    struct memory_handle *handle = member->handle != NULL ? memory_handle_of(member->handle) : NULL;
    if (handle == NULL || handle->group == NULL)
        return;
    memory_group_expire(handle->group, handle->cluster->now_ms, handle->cluster->config.session_ms);
    memory_group_thaw(handle->group, handle);
    handle->expelled = !memory_group_has(handle->group, handle);
}

void memory_log_expel(struct memory_member *member, int64_t ms)
{
    struct memory_handle *handle = member->handle != NULL ? memory_handle_of(member->handle) : NULL;
    if (handle == NULL || handle->group == NULL)
        return;
    memory_group_expel(handle->group, handle);
    handle->unaware_until_ms = handle->cluster->now_ms + ms;
    handle->expelled = true;
}
