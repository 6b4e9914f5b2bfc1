/* What the tests of the memory log share: a cluster of topic "t" with two partitions, and one member with
 * what its handle called back. */
#pragma once

#include <stdio.h>

#include "lib/base/vec.h"
#include "lib/port/memory_log.h"
#include "tests/support/test.h"

struct told {
    const void *tag;
    struct log_delivery delivery;
};

struct fixture {
    struct memory_log *log;
    struct memory_member member;
    struct log *handle;
    VEC(struct told) told;
    struct error error;
    struct log_message message;
};

static inline void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct fixture *f = context;
    vec_push(&f->told, (struct told){tag, *delivery});
}

static inline void open_member(struct fixture *f)
{
    struct log_opener opener = memory_log_opener(&f->member);
    const struct log_client client = {.delivered = on_delivered, .context = f};
    f->handle = opener.open(opener.context, &client, &f->error);
}

static inline void begin(struct fixture *f, struct memory_log_config config)
{
    config.now_ms = 1000;
    *f = (struct fixture){.log = memory_log_new(&config)};
    memory_log_topic(f->log, "t", 2);
    f->member = (struct memory_member){.log = f->log};
    open_member(f);
    assert_non_null(f->handle);
}

static inline void end(struct fixture *f)
{
    log_close(f->handle);
    memory_log_free(f->log);
    vec_release(&f->told);
}

static inline enum error_class append_to(struct fixture *f, uint32_t partition, const char *value, void *tag)
{
    const struct log_record record = {
        .topic = "t", .partition = partition, .value = str_of(value), .tag = tag};
    return log_append(f->handle, &record, &f->error);
}

static inline enum error_class append(struct fixture *f, const char *value)
{
    return append_to(f, 0, value, NULL);
}

static inline void append_all(struct fixture *f, const char *values)
{
    for (const char *v = values; *v != 0; v++)
        assert_int_equal(append(f, (const char[]){*v, 0}), ERROR_NONE);
    assert_int_equal(log_deliveries(f->handle, 1000, &f->error), ERROR_NONE);
}

static inline void read_from(struct fixture *f, int64_t offset)
{
    const struct log_position position = {"t", 0, offset};
    assert_int_equal(log_assign(f->handle, &position, 1, &f->error), ERROR_NONE);
}

static inline enum log_got poll(struct fixture *f)
{
    return log_poll(f->handle, 0, &f->message, &f->error);
}

static inline void expect_message(struct fixture *f, int64_t offset, const char *value)
{
    assert_int_equal(poll(f), LOG_GOT_MESSAGE);
    assert_int_equal(f->message.offset, offset);
    assert_true(str_equal(f->message.value, str_of(value)));
    log_release(f->handle, &f->message);
}

static inline void expect_end(struct fixture *f, int64_t offset)
{
    assert_int_equal(poll(f), LOG_GOT_END);
    assert_int_equal(f->message.offset, offset);
    assert_string_equal(f->message.topic, "t");
    assert_int_equal(poll(f), LOG_GOT_NOTHING);
}

static inline void expect_struck(const struct fixture *f, enum memory_log_fault fault, uint64_t times)
{
    assert_int_equal(memory_log_struck(f->log, fault), times);
}

static inline struct log_position at(int64_t offset)
{
    return (struct log_position){"t", 0, offset};
}
