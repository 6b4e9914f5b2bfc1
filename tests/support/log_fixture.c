#include "tests/support/log_fixture.h"

static void on_delivered(void *context, void *tag, const struct log_delivery *delivery)
{
    struct fixture *f = context;
    vec_push(&f->told, (struct told){tag, *delivery});
}

void fixture_open(struct fixture *f)
{
    struct log_opener opener = memory_log_opener(&f->member);
    const struct log_client client = {.delivered = on_delivered, .context = f};
    f->handle = opener.open(opener.context, &client, &f->error);
}

void fixture_begin(struct fixture *f, struct memory_log_config config)
{
    config.now_ms = 1000;
    *f = (struct fixture){.log = memory_log_new(&config)};
    memory_log_topic(f->log, "t", 2);
    f->member = (struct memory_member){.log = f->log};
    fixture_open(f);
    assert_non_null(f->handle);
}

void fixture_end(struct fixture *f)
{
    log_close(f->handle);
    memory_log_free(f->log);
    vec_release(&f->told);
}

enum error_class append_to(struct fixture *f, uint32_t partition, const char *value, void *tag)
{
    const struct log_record record = {
        .topic = "t", .partition = partition, .value = str_of(value), .tag = tag};
    return log_append(f->handle, &record, &f->error);
}

enum error_class append(struct fixture *f, const char *value)
{
    return append_to(f, 0, value, NULL);
}

void append_all(struct fixture *f, const char *values)
{
    for (const char *v = values; *v != 0; v++)
        assert_int_equal(append(f, (const char[]){*v, 0}), ERROR_NONE);
    assert_int_equal(log_deliveries(f->handle, 1000, &f->error), ERROR_NONE);
}

void read_from(struct fixture *f, int64_t offset)
{
    const struct log_position position = {"t", 0, offset};
    assert_int_equal(log_assign(f->handle, &position, 1, &f->error), ERROR_NONE);
}

enum log_got poll_log(struct fixture *f)
{
    return log_poll(f->handle, 0, &f->message, &f->error);
}

void expect_message(struct fixture *f, int64_t offset, const char *value)
{
    assert_int_equal(poll_log(f), LOG_GOT_MESSAGE);
    assert_int_equal(f->message.offset, offset);
    assert_true(str_equal(f->message.value, str_of(value)));
    log_release(f->handle, &f->message);
}

void expect_end(struct fixture *f, int64_t offset)
{
    assert_int_equal(poll_log(f), LOG_GOT_END);
    assert_int_equal(f->message.offset, offset);
    assert_string_equal(f->message.topic, "t");
    assert_int_equal(poll_log(f), LOG_GOT_NOTHING);
}

void expect_struck(const struct fixture *f, enum memory_log_fault fault, uint64_t times)
{
    assert_int_equal(memory_log_struck(f->log, fault), times);
}

struct log_position log_at(int64_t offset)
{
    return (struct log_position){"t", 0, offset};
}
