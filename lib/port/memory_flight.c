#include "lib/port/memory_cluster.h"

/* --- appending --- */

static void send(struct memory_handle *handle, const struct log_record *record)
{
    struct memory_log *log = handle->cluster;
    struct memory_armed *armed = &handle->member->armed;
    int64_t arrives_ms = log->now_ms + log->config.latency_ms;
    handle->arrives_ms = arrives_ms > handle->arrives_ms ? arrives_ms : handle->arrives_ms;
    int64_t told_ms = handle->arrives_ms + armed->delay_ms;
    handle->told_ms = told_ms > handle->told_ms ? told_ms : handle->told_ms;
    struct memory_flight flight = {.handle = handle,
                                   .topic = memory_topics_name(&log->topics, record->topic),
                                   .record = *record,
                                   .owned = malloc((size_t)record->key.size + record->value.size + 1),
                                   .arrives_ms = handle->arrives_ms,
                                   .told_ms = handle->told_ms,
                                   .delayed = armed->delay_ms > 0,
                                   .delivery = {.partition = record->partition, .offset = -1}};
    CHECK(flight.owned != NULL);
    if (record->key.size > 0)
        memcpy(flight.owned, record->key.at, record->key.size);
    if (record->value.size > 0)
        memcpy(flight.owned + record->key.size, record->value.at, record->value.size);
    flight.record.key.at = flight.owned;
    flight.record.value.at = flight.owned + record->key.size;
    if (armed->ack_topic != NULL && strcmp(armed->ack_topic, record->topic) == 0) {
        armed->ack_topic = NULL;
        flight.ack_lost = true;
    }
    vec_push(&log->flights, flight);
    handle->pending.records++;
    handle->pending.bytes += record->value.size;
    if (flight.arrives_ms < log->next_arrival_ms)
        log->next_arrival_ms = flight.arrives_ms;
}

enum error_class memory_append(struct log *at, const struct log_record *record, struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    struct memory_log *log = handle->cluster;
    if (handle->dead)
        return memory_handle_dead(handle, error);
    if (handle->failed)
        return error_set(error, ERROR_ABORT, record->topic, "a delivery failed");
    const struct memory_partition *partition =
        memory_topics_find(&log->topics, record->topic, record->partition);
    if (partition == NULL)
        return error_set(error, ERROR_FATAL, record->topic, "no such topic or partition");
    if (handle->pending.records >= log->config.pending_max || memory_spend(&handle->member->armed.full)) {
        memory_strike(log, MEMORY_QUEUE_FULL);
        return error_set(error, ERROR_RETRY, record->topic, "queue full");
    }
    if (partition->list.count + log->flights.count >= log->config.records_max)
        return error_set(error, ERROR_FATAL, record->topic, "the partition is full");
    if (handle->expelled) {
        handle->expelled = false;
        memory_strike(log, MEMORY_SECOND_OWNER);
    }
    send(handle, record);
    memory_arrive(log);
    return ERROR_NONE;
}

/* When the first of its records is told, if nothing holds it up; INT64_MAX: none waits. */
static int64_t next_told(const struct memory_handle *handle)
{
    const struct memory_log *log = handle->cluster;
    for (uint32_t i = 0; i < log->flights.count; i++)
        if (log->flights.at[i].handle == handle)
            return log->flights.at[i].told_ms;
    return INT64_MAX;
}

/* Takes those out that can be told now: the first ones, so that the order holds. */
static void gather(struct memory_handle *handle)
{
    struct memory_log *log = handle->cluster;
    uint32_t kept = 0;
    bool ready = true;
    for (uint32_t i = 0; i < log->flights.count; i++) {
        struct memory_flight flight = log->flights.at[i];
        bool ours = flight.handle == handle;
        if (ours)
            ready = ready && flight.landed && flight.told_ms <= log->now_ms;
        if (ours && ready)
            vec_push(&handle->due, flight);
        else
            log->flights.at[kept++] = flight;
    }
    log->flights.count = kept;
}

static void tell(struct memory_handle *handle, struct memory_flight *flight, const char *why)
{
    handle->pending.records--;
    handle->pending.bytes -= flight->record.value.size;
    flight->delivery.failed = why != NULL;
    flight->delivery.why = why != NULL ? why : "";
    if (handle->client.delivered != NULL)
        handle->client.delivered(handle->client.context, flight->record.tag, &flight->delivery);
    free(flight->owned);
}

static void tell_due(struct memory_handle *handle)
{
    for (uint32_t i = 0; i < handle->due.count; i++) {
        struct memory_flight flight = handle->due.at[i];
        if (flight.delayed)
            memory_strike(handle->cluster, MEMORY_ACK_DELAYED);
        if (flight.ack_lost) {
            memory_strike(handle->cluster, MEMORY_ACK_LOST);
            handle->failed = true;
        }
        tell(handle, &flight, flight.ack_lost ? "acknowledgement lost" : NULL);
    }
    vec_clear(&handle->due);
}

enum error_class memory_deliveries(struct log *at, int timeout_ms, struct error *error)
{
    struct memory_handle *handle = memory_handle_of(at);
    if (handle->dead)
        return memory_handle_dead(handle, error);
    CHECK(handle->due.count == 0); /* not from inside a callback */
    memory_arrive(handle->cluster);
    gather(handle);
    if (handle->due.count == 0 && timeout_ms > 0) {
        memory_handle_wait(handle, timeout_ms, next_told(handle));
        gather(handle);
    }
    tell_due(handle);
    return handle->failed ? error_set(error, ERROR_ABORT, "delivery", "acknowledgement lost") : ERROR_NONE;
}

/* --- the end --- */

void memory_let_land(struct memory_handle *handle, uint32_t lands)
{
    struct memory_log *log = handle->cluster;
    for (uint32_t i = 0, end = log->flights.count; i < end; i++) {
        struct memory_flight flight = log->flights.at[i];
        if (flight.handle != handle || flight.landed)
            continue;
        log->flights.at[i].landed = true; /* for the handle it is lost: its delivery has no offset */
        if (lands == 0)
            continue;
        lands--;
        size_t size = (size_t)flight.record.key.size + flight.record.value.size;
        flight.handle = NULL;
        flight.owned = malloc(size + 1);
        CHECK(flight.owned != NULL);
        memcpy(flight.owned, log->flights.at[i].owned, size);
        flight.record.key.at = flight.owned;
        flight.record.value.at = flight.owned + flight.record.key.size;
        vec_push(&log->flights, flight);
    }
}

void memory_drop_flights(struct memory_handle *handle)
{
    struct memory_log *log = handle->cluster;
    memory_let_land(handle, (uint32_t)(memory_random(log) % (handle->pending.records + 1)));
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log->flights.count; i++) {
        if (log->flights.at[i].handle == handle)
            vec_push(&handle->due, log->flights.at[i]);
        else
            log->flights.at[kept++] = log->flights.at[i];
    }
    log->flights.count = kept;
    for (uint32_t i = 0; i < handle->due.count; i++) {
        struct memory_flight flight = handle->due.at[i];
        tell(handle, &flight, "the handle is closed");
    }
    vec_release(&handle->due);
}
