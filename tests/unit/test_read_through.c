/* Partitions are read to the high watermark that they had, all in one pass, each record once. */
#include <stdio.h>

#include "lib/run/read_through.h"
#include "tests/support/memory_host.h"
#include "tests/support/test.h"

enum { PARTITIONS = 3 };

struct fixture {
    struct memory_log *log;
    struct memory_member member;
    struct memory_host host;
    struct log *handle;
    struct reading reading;
    struct error error;
    int64_t next[PARTITIONS];
    uint32_t seen;
    uint32_t enough;  /* the visitor's; 0: all */
    int64_t put_more; /* behind the ends, while it reads */
};

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->log = memory_log_new(&(struct memory_log_config){.seed = 7, .now_ms = 1000});
    memory_log_topic(f->log, "t", PARTITIONS);
    f->member.log = f->log;
    memory_host_init(&f->host, f->log);
    struct log_opener opener = memory_log_opener(&f->member);
    const struct log_client client = {0};
    f->handle = opener.open(opener.context, &client, &f->error);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    read_release(&f->reading);
    log_close(f->handle);
    memory_log_free(f->log);
    free(f);
    return 0;
}

static void put(struct fixture *f, uint32_t partition, uint32_t count, const char *key)
{
    for (uint32_t i = 0; i < count; i++)
        memory_log_put(f->log, &(struct log_record){.topic = "t",
                                                    .partition = partition,
                                                    .key = str_of(key),
                                                    .value = STR("value"),
                                                    .timestamp_ms = 1000});
}

static bool visit(void *context, const struct read_part *part, const struct log_message *message)
{
    struct fixture *f = context;
    assert_ptr_equal(part->tag, f);
    assert_int_equal(part->partition, message->partition);
    assert_true(message->offset >= f->next[message->partition]);
    f->next[message->partition] = message->offset + 1;
    f->seen++;
    if (f->put_more > 0) {
        f->put_more--;
        put(f, message->partition, 1, "");
    }
    return f->enough == 0 || f->seen < f->enough;
}

static enum error_class read_all(struct fixture *f, int64_t limit_ms)
{
    for (uint32_t p = 0; p < PARTITIONS; p++)
        read_add(&f->reading, "t", p, 0, f);
    return read_through(&f->reading, &(struct read_source){f->handle, &f->host.host, limit_ms}, visit, f,
                        &f->error);
}

static void each_partition_is_read_to_the_end_that_it_had(void **state)
{
    struct fixture *f = *state;
    put(f, 0, 10, "");
    put(f, 2, 100, "");
    f->put_more = 50;
    assert_int_equal(read_all(f, 0), ERROR_NONE);
    assert_true(read_done(&f->reading));
    assert_int_equal(f->next[0], 10);
    assert_int_equal(f->next[1], 0);
    assert_int_equal(f->next[2], 100);
    assert_int_equal(f->seen, 110);
}

static void what_was_deleted_below_or_compacted_away_is_not_waited_for(void **state)
{
    struct fixture *f = *state;
    put(f, 0, 10, "same key");
    put(f, 1, 10, "");
    memory_log_compact(f->log, "t", 0);
    memory_log_delete_below(f->log, &(struct log_position){"t", 1, 4});
    assert_int_equal(read_all(f, 0), ERROR_NONE);
    assert_true(read_done(&f->reading));
    assert_int_equal(f->seen, 1 + 6);
}

static void brokers_that_are_away_are_waited_for_or_told_at_the_limit(void **state)
{
    struct fixture *f = *state;
    put(f, 0, 10, "");
    memory_log_away(f->log, 20000);
    assert_int_equal(read_all(f, 5000), ERROR_RETRY);
    assert_false(read_done(&f->reading));
    read_clear(&f->reading);
    assert_int_equal(read_all(f, 0), ERROR_NONE);
    assert_int_equal(f->next[0], 10);
}

static void records_that_go_while_they_are_read_make_it_ask_again(void **state)
{
    struct fixture *f = *state;
    put(f, 0, 10, "");
    read_add(&f->reading, "t", 0, 0, f);
    assert_int_equal(read_begin(&f->reading, f->handle, &f->error), ERROR_NONE);
    memory_log_delete_below(f->log, &(struct log_position){"t", 0, 8});
    assert_int_equal(
        read_through(&f->reading, &(struct read_source){f->handle, &f->host.host, 0}, visit, f, &f->error),
        ERROR_NONE);
    assert_true(read_done(&f->reading));
    assert_int_equal(f->seen, 2);
}

static void a_visitor_that_has_enough_ends_it(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 10, "");
    f->enough = 3;
    assert_int_equal(read_all(f, 0), ERROR_NONE);
    assert_int_equal(f->seen, 3);
    assert_false(read_done(&f->reading));
}

static void a_dead_handle_is_told(void **state)
{
    struct fixture *f = *state;
    put(f, 1, 10, "");
    memory_log_kill(&f->member, false);
    assert_int_equal(read_all(f, 0), ERROR_ABORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_partition_is_read_to_the_end_that_it_had, make, unmake),
        cmocka_unit_test_setup_teardown(what_was_deleted_below_or_compacted_away_is_not_waited_for, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(brokers_that_are_away_are_waited_for_or_told_at_the_limit, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(records_that_go_while_they_are_read_make_it_ask_again, make, unmake),
        cmocka_unit_test_setup_teardown(a_visitor_that_has_enough_ends_it, make, unmake),
        cmocka_unit_test_setup_teardown(a_dead_handle_is_told, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
