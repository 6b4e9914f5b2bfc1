/* Nanoseconds per record through simulated time: one heartbeat a millisecond, of a thousand accounts. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "collectors/core/simulate.h"
#include "lib/base/check.h"
#include "lib/base/time.h"

enum { ROUNDS = 5000000, ACCOUNTS = 1000 };

static uint64_t records;

static void count(void *context, uint32_t partition, const struct message *message)
{
    (void)context, (void)partition;
    records += message->record_count;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void measure(uint32_t partitions)
{
    static char accounts[ACCOUNTS][16];
    struct rules rules = rules_of(1, INT64_MAX, INT64_MAX);
    struct simulation *simulation = simulation_new(&(struct simulate_config){.partitions = partitions,
                                                                             .epoch_us = rules.epoch_us,
                                                                             .delay_us = rules.delay_us,
                                                                             .until_s = INT64_MAX,
                                                                             .feed = STR("file"),
                                                                             .sink = count});
    for (int i = 0; i < ACCOUNTS; i++)
        snprintf(accounts[i], sizeof accounts[i], "acct-%09d", i);
    records = 0;
    double from_s = now_s();
    for (int i = 0; i < ROUNDS; i++) {
        int64_t time_us = 1700000000 * (int64_t)SECOND_US + i * 1000;
        struct record record = {.kind = RECORD_HEARTBEAT,
                                .account = {accounts[i % ACCOUNTS], 14},
                                .subject = STR("endpoint-7f3a9c"),
                                .source = STR("/platform/inference/eu-1"),
                                .id = STR("6f1c1a52-40f1-4a0e-9d25-0a9ff2d1e9b4"),
                                .time_us = time_us,
                                .since_us = time_us};
        CHECK(simulation_add(simulation, &record));
    }
    simulation_end(simulation, 1800000000);
    CHECK(records == ROUNDS);
    printf("simulation_add: %u partitions, %.0f ns a record\n", partitions,
           (now_s() - from_s) / ROUNDS * 1e9);
    simulation_free(simulation);
}

int main(void)
{
    measure(1);
    measure(4);
    measure(64);
    return EXIT_SUCCESS;
}
