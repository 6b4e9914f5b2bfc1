/* What the tests of the memory log begin with: a cluster of topic "t" with two partitions, and one member. */
#pragma once

#include "lib/base/vec.h"
#include "lib/port/memory_log.h"
#include "tests/support/test.h"

struct told {
    const void *tag;
    struct log_delivery delivery;
};

/* `told`: what the handle called back. */
struct fixture {
    struct memory_log *log;
    struct memory_member member;
    struct log *handle;
    VEC(struct told) told;
    struct error error;
    struct log_message message;
};

void fixture_begin(struct fixture *f, struct memory_log_config config);
void fixture_end(struct fixture *f);
/* Another handle of the member: f->handle; NULL where f->error says why. */
void fixture_open(struct fixture *f);

enum error_class append_to(struct fixture *f, uint32_t partition, const char *value, void *tag);
/* To partition 0. */
enum error_class append(struct fixture *f, const char *value);
/* A record a character, and waits for their deliveries. */
void append_all(struct fixture *f, const char *values);

/* Partition 0 from there on. */
void read_from(struct fixture *f, int64_t offset);
/* f->message. */
enum log_got poll_log(struct fixture *f);
void expect_message(struct fixture *f, int64_t offset, const char *value);
void expect_end(struct fixture *f, int64_t offset);
void expect_struck(const struct fixture *f, enum memory_log_fault fault, uint64_t times);
/* Of partition 0. */
struct log_position log_at(int64_t offset);
