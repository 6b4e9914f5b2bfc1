/* Simulated time: a file's events become the same log on every run (DESIGN §2).
 *
 * The clock is the running maximum of the events' effective times; of an event that is identified by its
 * identity alone (counts, orders, payments), a repeat under another time does not move it. A message ends
 * when it is full or when the clock passes a multiple of the epoch; when it passes whole hours, ticks close
 * them first. To stand at a multiple is not to have passed it. So a case of ten events has real epochs,
 * closes and corrections. Pure: messages go to a sink, in memory or in Kafka. */
#pragma once

#include "lib/domain/message.h"

/* Takes one message; it and its records are gone when this returns. */
typedef void simulate_sink(void *context, uint32_t partition, const struct message *message);

struct simulate_config {
    uint32_t partitions;
    int64_t epoch_us; /* of the rules that the log is folded under */
    int64_t delay_us;
    int64_t until_s;      /* events effective at or after it are left out; INT64_MAX: none */
    uint64_t incarnation; /* stands in every message */
    struct str feed;
    simulate_sink *sink;
    void *context;
};

struct simulation;

struct simulation *simulation_new(const struct simulate_config *config);
void simulation_free(struct simulation *simulation);
/* Copies what it keeps. False: left out, for being at or after `until_s`. */
bool simulation_add(struct simulation *simulation, const struct record *record);
/* Sends what is pending and the last tick: time_s + delay. time_s is until_s where that is given. */
void simulation_end(struct simulation *simulation, int64_t time_s);
/* The end of the hour of the latest event added; INT64_MIN: there was none (CONTRACT §5, --until). */
int64_t simulation_default_until_s(const struct simulation *simulation);
