/* How fast a topic is read, and the longest time without a message while there were some: librdkafka's
 * fetcher sleeps for a second when its queue is full, which a consumer must never see.
 *
 *     bench_reader KAFKA TOPIC PARTITIONS [MICROSECONDS of work a message] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/check.h"
#include "lib/base/vec.h"
#include "lib/io/kafka.h"

enum { POLL_MS = 1000 };

struct measure {
    uint64_t messages;
    uint64_t bytes;
    double longest_gap_s;
};

static double now_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void work(double microseconds)
{
    double until_s = now_s(CLOCK_MONOTONIC) + microseconds * 1e-6;
    while (now_s(CLOCK_MONOTONIC) < until_s)
        ;
}

static void assign_all(struct kafka_reader *reader, const char *topic, uint32_t partitions)
{
    struct error error;
    VEC(struct log_position) positions = {0};
    for (uint32_t p = 0; p < partitions; p++) {
        struct log_range range = {.topic = topic, .partition = p};
        CHECK(kafka_ranges(reader, &range, 1, &error) == ERROR_NONE);
        vec_push(&positions, (struct log_position){topic, p, range.low});
    }
    CHECK(kafka_reader_assign(reader, positions.at, positions.count, &error) == ERROR_NONE);
    vec_release(&positions);
}

static struct measure read_all(struct kafka_reader *reader, uint32_t partitions, double work_us)
{
    struct measure measure = {0};
    struct error error;
    double last_s = 0;
    for (uint32_t ended = 0; ended < partitions;) {
        struct log_message message;
        enum log_got got = kafka_reader_poll(reader, POLL_MS, &message, &error);
        CHECK(got != LOG_GOT_ERROR);
        ended += got == LOG_GOT_END;
        if (got != LOG_GOT_MESSAGE)
            continue;
        double gap_s = last_s == 0 ? 0 : now_s(CLOCK_MONOTONIC) - last_s;
        measure.longest_gap_s = gap_s > measure.longest_gap_s ? gap_s : measure.longest_gap_s;
        measure.messages++;
        measure.bytes += message.value.size;
        kafka_message_release(&message);
        work(work_us);
        last_s = now_s(CLOCK_MONOTONIC);
    }
    return measure;
}

int main(int count, char **arguments)
{
    struct error error = {ERROR_NONE, ""};
    CHECK(count >= 4);
    uint32_t partitions = (uint32_t)strtoul(arguments[3], NULL, 10);
    struct kafka_reader *reader = kafka_reader_new(arguments[1], "hourglass-bench", NULL, &error);
    CHECK(reader != NULL);
    assign_all(reader, arguments[2], partitions);
    double from_s = now_s(CLOCK_MONOTONIC), cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);
    struct measure m = read_all(reader, partitions, count > 4 ? strtod(arguments[4], NULL) : 0);
    double took_s = now_s(CLOCK_MONOTONIC) - from_s;
    cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    printf(
        "kafka_reader_poll: %llu messages, %.0f MB in %.2f s (%.0f MB/s), %.0f ns CPU a message, longest gap "
        "%.0f ms\n",
        (unsigned long long)m.messages, (double)m.bytes * 1e-6, took_s, (double)m.bytes * 1e-6 / took_s,
        cpu_s / (double)m.messages * 1e9, m.longest_gap_s * 1e3);
    kafka_reader_free(reader);
    return EXIT_SUCCESS;
}
