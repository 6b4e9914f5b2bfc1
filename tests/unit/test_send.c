/* Records are sent until the log has them, however full it is, and however late it acknowledges. */
#include <stdlib.h>

#include "lib/run/send.h"
#include "tests/support/memory_host.h"
#include "tests/support/test.h"

struct fixture {
    struct memory_log *log;
    struct memory_member member;
    struct memory_host host;
    struct send send;
    struct error error;
    int64_t waited_ms; /* the longest wait that was told */
};

static void on_waited(void *context, int64_t waited_ms)
{
    struct fixture *f = context;
    if (waited_ms > f->waited_ms)
        f->waited_ms = waited_ms;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->log = memory_log_new(&(struct memory_log_config){.seed = 1, .now_ms = 1000, .latency_ms = 20});
    memory_log_topic(f->log, "t", 1);
    f->member.log = f->log;
    memory_host_init(&f->host, f->log);
    struct log_opener opener = memory_log_opener(&f->member);
    const struct log_client client = {0};
    f->send = (struct send){.log = opener.open(opener.context, &client, &f->error),
                            .host = &f->host.host,
                            .bytes_max = 100,
                            .waited = on_waited,
                            .context = f};
    assert_non_null(f->send.log);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    log_close(f->send.log);
    memory_log_free(f->log);
    free(f);
    return 0;
}

static enum error_class send_some(struct fixture *f, int count)
{
    enum error_class class = ERROR_NONE;
    for (int i = 0; i < count && class == ERROR_NONE; i++)
        class = send_record(
            &f->send,
            &(struct log_record){.topic = "t", .value = STR("forty bytes forty bytes forty bytes 40")},
            &f->error);
    return class;
}

static int64_t standing(const struct fixture *f)
{
    struct log_range range = {.topic = "t"};
    memory_log_range(f->log, &range);
    return range.high;
}

static void what_is_on_its_way_is_bounded_in_bytes(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(send_some(f, 1), ERROR_NONE);
        assert_true(log_pending(f->send.log).bytes <= 100);
    }
    assert_int_equal(send_drain(&f->send, 0, &f->error), ERROR_NONE);
    assert_int_equal(standing(f), 20);
    assert_int_equal(log_pending(f->send.log).records, 0);
}

static void a_full_queue_is_waited_for(void **state)
{
    struct fixture *f = *state;
    memory_log_fill(&f->member, 3);
    assert_int_equal(send_some(f, 1), ERROR_NONE);
    assert_int_equal(send_drain(&f->send, 0, &f->error), ERROR_NONE);
    assert_int_equal(standing(f), 1);
    assert_true(memory_log_struck(f->log, MEMORY_QUEUE_FULL) >= 3);
}

static void brokers_that_are_away_are_waited_for_and_the_wait_is_told(void **state)
{
    struct fixture *f = *state;
    memory_log_away(f->log, 30000);
    assert_int_equal(send_some(f, 10), ERROR_NONE);
    assert_int_equal(send_drain(&f->send, 0, &f->error), ERROR_NONE);
    assert_int_equal(standing(f), 10);
    assert_in_range(f->waited_ms, 29000, 31000);
}

static void with_a_limit_a_log_that_is_away_is_told(void **state)
{
    struct fixture *f = *state;
    f->send.limit_ms = 5000;
    memory_log_away(f->log, 30000);
    assert_int_equal(send_some(f, 10), ERROR_RETRY);
    assert_string_equal(f->error.text, "log: nothing acknowledged for 5 s");
    assert_in_range(memory_log_now(f->log), 6000, 6200);
}

static void a_lost_acknowledgement_asks_for_a_new_handle(void **state)
{
    struct fixture *f = *state;
    memory_log_lose_ack(&f->member, "t");
    enum error_class class = send_some(f, 1);
    if (class == ERROR_NONE)
        class = send_drain(&f->send, 0, &f->error);
    assert_int_equal(class, ERROR_ABORT);
}

static void a_process_that_is_to_stop_waits_for_nothing(void **state)
{
    struct fixture *f = *state;
    memory_log_away(f->log, 30000);
    assert_int_equal(send_some(f, 1), ERROR_NONE);
    f->host.stopping = true;
    assert_int_equal(send_some(f, 10), ERROR_NONE);
    assert_int_equal(send_drain(&f->send, 0, &f->error), ERROR_NONE);
    assert_int_equal(memory_log_now(f->log), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_on_its_way_is_bounded_in_bytes, make, unmake),
        cmocka_unit_test_setup_teardown(a_full_queue_is_waited_for, make, unmake),
        cmocka_unit_test_setup_teardown(brokers_that_are_away_are_waited_for_and_the_wait_is_told, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(with_a_limit_a_log_that_is_away_is_told, make, unmake),
        cmocka_unit_test_setup_teardown(a_lost_acknowledgement_asks_for_a_new_handle, make, unmake),
        cmocka_unit_test_setup_teardown(a_process_that_is_to_stop_waits_for_nothing, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
