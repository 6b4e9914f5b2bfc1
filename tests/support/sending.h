/* A sender on a log in memory, in simulated time, and what its source and the reader of the log see. For
 * tests of cmocka's. Begins ready, or young: without a generation. */
#pragma once

#include "collectors/sender.h"
#include "lib/base/partition.h"
#include "lib/base/time.h"
#include "lib/codec/topics.h"
#include "lib/codec/usage.h"
#include "lib/domain/topics.h"
#include "lib/port/memory_log.h"
#include "tests/support/test.h"

enum { PARTITIONS = 3, LATENCY_MS = 20, LINGER_MS = 50, ANSWER_MS = 10000 };
#define SENDING_BEGIN_MS INT64_C(1800000000000)
#define HOUR_US (HOUR_S * (int64_t)SECOND_US)

struct sending {
    struct host host;
    struct memory_log *log;
    struct memory_member appends, reads, rejects;
    struct topics topics;
    struct metric metrics[SENDER_METRICS];
    struct metric held_bytes;
    struct sender *sender;
    int64_t step_us; /* of the wall clock */
    uint64_t random;
    bool stopping;
    int64_t longest_pause_ms;
    int told; /* verdicts */
};
extern struct sending sending;

int sending_begin_young(void **state);
int sending_begin(void **state);
int sending_end(void **state);
void sending_put(struct generation generation);
void sending_put_generation(void);

/* Turns, for so long at least. */
void sending_run(int64_t ms);
bool sending_is_ready(void);
int64_t sending_metric(enum sender_metric metric);
/* Since the beginning. */
int64_t sending_now_ms(void);

struct submission *sending_submission(const char *const *accounts, uint32_t count);
struct submission *sending_submit(const char *account);
/* One that refuses by the clock what it holds beside its good events. */
struct submission *sending_submit_in_doubt(const char *const *accounts, uint32_t count);
void sending_refuse(struct submission *submission, const char *account);
enum verdict verdict_of(const struct submission *submission);
/* Turns until there is a verdict, and releases it. Returns how long it took. */
int64_t sending_expect(struct submission *submission, enum verdict verdict);

/* What stands in a partition of usage.records. */
struct found {
    uint32_t messages;
    uint32_t records;
    struct message last;
};
struct found sending_look(uint32_t partition);
uint32_t sending_records_of(const char *account);
int64_t sending_rejects_in(uint32_t partition);

#define TEST(name) cmocka_unit_test_setup_teardown(name, sending_begin, sending_end)
#define TEST_YOUNG(name) cmocka_unit_test_setup_teardown(name, sending_begin_young, sending_end)
