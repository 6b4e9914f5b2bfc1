/* The memory log keeps the promises of the log's port. */
#include "tests/unit/memory_log_fixture.h"

static void what_is_appended_is_read_in_order_from_where_it_was_assigned(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "abc");
    assert_int_equal(poll(&f), LOG_GOT_NOTHING);
    read_from(&f, 1);
    expect_message(&f, 1, "b");
    expect_message(&f, 2, "c");
    expect_end(&f, 3);
    append_all(&f, "d");
    expect_message(&f, 3, "d");
    expect_end(&f, 4);
    end(&f);
}

static void an_assignment_takes_the_place_of_the_one_before(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "ab");
    assert_int_equal(append_to(&f, 1, "other", NULL), ERROR_NONE);
    read_from(&f, 0);
    expect_message(&f, 0, "a");
    const struct log_position other = {"t", 1, 0};
    assert_int_equal(log_assign(f.handle, &other, 1, &f.error), ERROR_NONE);
    assert_int_equal(poll(&f), LOG_GOT_MESSAGE);
    assert_int_equal(f.message.partition, 1);
    log_release(f.handle, &f.message);
    assert_int_equal(poll(&f), LOG_GOT_END);
    assert_int_equal(poll(&f), LOG_GOT_NOTHING);
    end(&f);
}

static void a_message_is_a_copy_until_it_is_released(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "ab");
    read_from(&f, 0);
    assert_int_equal(poll(&f), LOG_GOT_MESSAGE);
    assert_true(memory_log_lose_tail(f.log, &(struct log_position){"t", 0, 0}));
    assert_true(str_equal(f.message.value, STR("a")));
    log_release(f.handle, &f.message);
    log_release(f.handle, &f.message);
    assert_null(f.message.handle);
    end(&f);
}

static void deliveries_are_told_in_order_with_offset_time_and_tag(void **state)
{
    (void)state;
    struct fixture f;
    int tags[2];
    begin(&f, (struct memory_log_config){.latency_ms = 20});
    assert_int_equal(append_to(&f, 0, "a", &tags[0]), ERROR_NONE);
    assert_int_equal(append_to(&f, 0, "bc", &tags[1]), ERROR_NONE);
    assert_int_equal(log_pending(f.handle).records, 2);
    assert_int_equal(log_pending(f.handle).bytes, 3);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_NONE);
    assert_int_equal(f.told.count, 0);
    assert_int_equal(log_deliveries(f.handle, 100, &f.error), ERROR_NONE);
    assert_int_equal(memory_log_now(f.log), 1020);
    assert_int_equal(f.told.count, 2);
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(f.told.at[i].tag, &tags[i]);
        assert_int_equal(f.told.at[i].delivery.offset, i);
        assert_int_equal(f.told.at[i].delivery.timestamp_ms, 1020);
        assert_false(f.told.at[i].delivery.failed);
    }
    assert_int_equal(log_pending(f.handle).records, 0);
    assert_int_equal(log_pending(f.handle).bytes, 0);
    end(&f);
}

static void a_record_keeps_its_key_and_the_time_that_it_was_given(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    const struct log_record record = {.topic = "t", .key = STR("k"), .value = STR("v"), .timestamp_ms = 77};
    assert_int_equal(log_append(f.handle, &record, &f.error), ERROR_NONE);
    read_from(&f, 0);
    assert_int_equal(poll(&f), LOG_GOT_MESSAGE);
    assert_int_equal(f.message.timestamp_ms, 77);
    assert_true(str_equal(f.message.key, STR("k")));
    log_release(f.handle, &f.message);
    end(&f);
}

static void a_call_that_waits_lets_time_pass_up_to_what_it_waits_for(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){.latency_ms = 30});
    read_from(&f, 0);
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    assert_int_equal(log_poll(f.handle, 100, &f.message, &f.error), LOG_GOT_END);
    assert_int_equal(log_poll(f.handle, 100, &f.message, &f.error), LOG_GOT_MESSAGE);
    assert_int_equal(memory_log_now(f.log), 1030);
    log_release(f.handle, &f.message);
    assert_int_equal(log_poll(f.handle, 0, &f.message, &f.error), LOG_GOT_END);
    assert_int_equal(log_poll(f.handle, 100, &f.message, &f.error), LOG_GOT_NOTHING);
    assert_int_equal(memory_log_now(f.log), 1130);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_NONE);
    assert_int_equal(log_deliveries(f.handle, 50, &f.error), ERROR_NONE);
    assert_int_equal(memory_log_now(f.log), 1180);
    end(&f);
}

static void ranges_and_partition_counts_are_told(void **state)
{
    (void)state;
    struct fixture f;
    uint32_t count = 7;
    struct log_range range[] = {{.topic = "t", .partition = 0}, {.topic = "t", .partition = 1}};
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "abc");
    const struct log_position below = at(1);
    assert_true(memory_log_delete_below(f.log, &below));
    assert_int_equal(log_ranges(f.handle, range, 2, &f.error), ERROR_NONE);
    assert_int_equal(range[0].low, 1);
    assert_int_equal(range[0].high, 3);
    assert_int_equal(range[1].high, 0);
    assert_int_equal(log_partitions(f.handle, "t", &count, &f.error), ERROR_NONE);
    assert_int_equal(count, 2);
    assert_int_equal(log_partitions(f.handle, "none", &count, &f.error), ERROR_NONE);
    assert_int_equal(count, 0);
    end(&f);
}

static void what_does_not_exist_is_fatal(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    const struct log_record record = {.topic = "none"};
    const struct log_position nowhere = {"t", 2, 0};
    struct log_range range = {.topic = "none"};
    assert_int_equal(log_append(f.handle, &record, &f.error), ERROR_FATAL);
    assert_int_equal(append_to(&f, 2, "a", NULL), ERROR_FATAL);
    assert_int_equal(log_assign(f.handle, &nowhere, 1, &f.error), ERROR_FATAL);
    assert_int_equal(log_ranges(f.handle, &range, 1, &f.error), ERROR_FATAL);
    end(&f);
}

static void what_is_not_delivered_at_the_close_is_told_as_failed(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){.latency_ms = 20});
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    assert_int_equal(append(&f, "b"), ERROR_NONE);
    log_close(f.handle);
    f.handle = NULL;
    assert_int_equal(f.told.count, 2);
    assert_true(f.told.at[0].delivery.failed && f.told.at[1].delivery.failed);
    /* Some of it may land all the same, in order. */
    struct log_range range = {.topic = "t"};
    struct log_message first;
    const struct log_position start = at(0);
    memory_log_pass(f.log, 20);
    memory_log_range(f.log, &range);
    assert_true(range.high <= 2);
    if (memory_log_look(f.log, &start, &first))
        assert_true(str_equal(first.value, STR("a")));
    end(&f);
}

static void what_is_on_its_way_and_what_a_partition_holds_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){.latency_ms = 20, .pending_max = 2, .records_max = 3});
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    assert_int_equal(append(&f, "b"), ERROR_NONE);
    assert_int_equal(append(&f, "c"), ERROR_RETRY);
    expect_struck(&f, MEMORY_QUEUE_FULL, 1);
    assert_int_equal(log_deliveries(f.handle, 100, &f.error), ERROR_NONE);
    assert_int_equal(append(&f, "c"), ERROR_NONE);
    assert_int_equal(append(&f, "d"), ERROR_FATAL);
    end(&f);
}

static void the_same_seed_reads_partitions_in_the_same_order(void **state)
{
    (void)state;
    uint32_t order[2][20];
    for (int run = 0; run < 2; run++) {
        struct fixture f;
        begin(&f, (struct memory_log_config){.seed = 5});
        for (int i = 0; i < 20; i++)
            assert_int_equal(append_to(&f, (uint32_t)i % 2, "x", NULL), ERROR_NONE);
        const struct log_position both[] = {{"t", 0, 0}, {"t", 1, 0}};
        assert_int_equal(log_assign(f.handle, both, 2, &f.error), ERROR_NONE);
        for (int i = 0; i < 10; i++) {
            assert_int_equal(poll(&f), LOG_GOT_MESSAGE);
            order[run][i] = f.message.partition;
            log_release(f.handle, &f.message);
        }
        end(&f);
    }
    assert_memory_equal(order[0], order[1], 10 * sizeof order[0][0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_read_in_order_from_where_it_was_assigned),
        cmocka_unit_test(an_assignment_takes_the_place_of_the_one_before),
        cmocka_unit_test(a_message_is_a_copy_until_it_is_released),
        cmocka_unit_test(deliveries_are_told_in_order_with_offset_time_and_tag),
        cmocka_unit_test(a_record_keeps_its_key_and_the_time_that_it_was_given),
        cmocka_unit_test(a_call_that_waits_lets_time_pass_up_to_what_it_waits_for),
        cmocka_unit_test(ranges_and_partition_counts_are_told),
        cmocka_unit_test(what_does_not_exist_is_fatal),
        cmocka_unit_test(what_is_not_delivered_at_the_close_is_told_as_failed),
        cmocka_unit_test(what_is_on_its_way_and_what_a_partition_holds_are_bounded),
        cmocka_unit_test(the_same_seed_reads_partitions_in_the_same_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
