/* Each fault of the memory log takes effect, and is counted. */
#include "tests/unit/memory_log_fixture.h"

/* --- faults of handles --- */

static void a_killed_handle_aborts_and_the_next_one_goes_on(void **state)
{
    (void)state;
    struct fixture f;
    struct log_range range = {.topic = "t"};
    uint32_t count;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "a");
    memory_log_kill(&f.member, MEMORY_LOST);
    assert_int_equal(append(&f, "b"), ERROR_ABORT);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_ABORT);
    assert_int_equal(poll(&f), LOG_GOT_ERROR);
    assert_int_equal(f.error.class, ERROR_ABORT);
    assert_int_equal(log_assign(f.handle, NULL, 0, &f.error), ERROR_ABORT);
    assert_int_equal(log_ranges(f.handle, &range, 1, &f.error), ERROR_ABORT);
    assert_int_equal(log_commit(f.handle, NULL, 0, &f.error), ERROR_ABORT);
    assert_int_equal(log_partitions(f.handle, "t", &count, &f.error), ERROR_ABORT);
    expect_struck(&f, MEMORY_HANDLE_DIED, 1);
    log_close(f.handle);
    open_member(&f);
    append_all(&f, "b");
    read_from(&f, 0);
    expect_message(&f, 0, "a");
    expect_message(&f, 1, "b");
    end(&f);
}

static void a_handle_is_killed_at_the_call_that_was_asked_for(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    memory_log_kill_after(&f.member, 3, MEMORY_LOST);
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    assert_int_equal(append(&f, "b"), ERROR_NONE);
    assert_int_equal(append(&f, "c"), ERROR_ABORT);
    assert_int_equal(append(&f, "d"), ERROR_ABORT);
    log_close(f.handle);
    open_member(&f);
    append_all(&f, "e");
    read_from(&f, 2);
    expect_message(&f, 2, "e");
    end(&f);
}

static void what_a_killed_handle_had_on_its_way_is_lost_or_lands(void **state)
{
    (void)state;
    for (enum memory_landing lands = MEMORY_LOST; lands <= MEMORY_LANDS; lands++) {
        struct fixture f;
        struct log_range range = {.topic = "t"};
        begin(&f, (struct memory_log_config){.latency_ms = 20});
        assert_int_equal(append(&f, "a"), ERROR_NONE);
        memory_log_kill(&f.member, lands);
        log_close(f.handle);
        assert_int_equal(f.told.count, 1);
        assert_true(f.told.at[0].delivery.failed);
        memory_log_pass(f.log, 20);
        memory_log_range(f.log, &range);
        assert_int_equal(range.high, lands);
        open_member(&f);
        end(&f);
    }
}

static void what_went_to_different_partitions_lands_apart(void **state)
{
    (void)state;
    int first = 0, second = 0, both = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct fixture f;
        struct log_range range[] = {{.topic = "t", .partition = 0}, {.topic = "t", .partition = 1}};
        begin(&f, (struct memory_log_config){.seed = seed, .latency_ms = 20});
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(append_to(&f, i % 2, "a", NULL), ERROR_NONE);
        memory_log_kill(&f.member, MEMORY_SOME_LANDS);
        memory_log_pass(f.log, 20);
        memory_log_range(f.log, &range[0]);
        memory_log_range(f.log, &range[1]);
        assert_true(range[0].high % 2 == 0 && range[1].high % 2 == 0);
        first += range[0].high > 0 && range[1].high == 0;
        second += range[0].high == 0 && range[1].high > 0;
        both += range[0].high > 0 && range[1].high > 0;
        end(&f);
    }
    assert_true(first > 0 && second > 0 && both > 0);
}

static void an_acknowledgement_comes_late_and_the_record_does_not(void **state)
{
    (void)state;
    struct fixture f;
    struct log_range range = {.topic = "t"};
    begin(&f, (struct memory_log_config){0});
    memory_log_delay(&f.member, 500);
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    memory_log_delay(&f.member, 0);
    assert_int_equal(append(&f, "b"), ERROR_NONE);
    memory_log_range(f.log, &range);
    assert_int_equal(range.high, 2);
    memory_log_pass(f.log, 499);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_NONE);
    assert_int_equal(f.told.count, 0); /* the second waits for the first */
    assert_int_equal(log_deliveries(f.handle, 10, &f.error), ERROR_NONE);
    assert_int_equal(f.told.count, 2);
    expect_struck(&f, MEMORY_ACK_DELAYED, 1);
    end(&f);
}

static void a_lost_acknowledgement_fails_the_delivery_of_a_record_that_stands(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    memory_log_lose_ack(&f.member, "t");
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    assert_int_equal(append(&f, "b"), ERROR_NONE);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_ABORT);
    assert_true(f.told.at[0].delivery.failed);
    assert_int_equal(append(&f, "c"), ERROR_ABORT);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_ABORT);
    expect_struck(&f, MEMORY_ACK_LOST, 1);
    log_close(f.handle);
    open_member(&f);
    read_from(&f, 0);
    expect_message(&f, 0, "a");
    expect_message(&f, 1, "b");
    expect_end(&f, 2);
    end(&f);
}

static void appends_ranges_and_opens_fail_as_often_as_is_asked(void **state)
{
    (void)state;
    struct fixture f;
    struct log_range range = {.topic = "t"};
    begin(&f, (struct memory_log_config){0});
    memory_log_fill(&f.member, 2);
    memory_log_fail_ranges(&f.member, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(append(&f, "a"), ERROR_RETRY);
        assert_int_equal(log_ranges(f.handle, &range, 1, &f.error), ERROR_RETRY);
    }
    assert_int_equal(append(&f, "a"), ERROR_NONE);
    assert_int_equal(log_ranges(f.handle, &range, 1, &f.error), ERROR_NONE);
    log_close(f.handle);
    memory_log_refuse(&f.member, ERROR_FATAL, 2);
    for (int i = 0; i < 2; i++) {
        open_member(&f);
        assert_null(f.handle);
        assert_int_equal(f.error.class, ERROR_FATAL);
    }
    open_member(&f);
    assert_non_null(f.handle);
    expect_struck(&f, MEMORY_QUEUE_FULL, 2);
    expect_struck(&f, MEMORY_RANGES_FAILED, 2);
    expect_struck(&f, MEMORY_REFUSED, 2);
    end(&f);
}

static void while_brokers_are_away_nothing_lands_and_nothing_is_read(void **state)
{
    (void)state;
    struct fixture f;
    struct log_range range = {.topic = "t"};
    uint32_t count;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "a");
    read_from(&f, 0);
    memory_log_away(f.log, 5000);
    assert_int_equal(append(&f, "b"), ERROR_NONE);
    assert_int_equal(log_poll(f.handle, 100, &f.message, &f.error), LOG_GOT_NOTHING);
    assert_int_equal(memory_log_now(f.log), 1100);
    assert_int_equal(log_ranges(f.handle, &range, 1, &f.error), ERROR_RETRY);
    assert_int_equal(log_partitions(f.handle, "t", &count, &f.error), ERROR_RETRY);
    assert_int_equal(memory_log_now(f.log), 1100 + 2 * MEMORY_ANSWER_MS);
    assert_int_equal(log_deliveries(f.handle, 100, &f.error), ERROR_NONE);
    assert_int_equal(f.told.count, 1);
    memory_log_range(f.log, &range);
    assert_int_equal(range.high, 1);
    memory_log_pass(f.log, 5000);
    assert_int_equal(log_deliveries(f.handle, 0, &f.error), ERROR_NONE);
    assert_int_equal(f.told.count, 2);
    expect_message(&f, 0, "a");
    expect_message(&f, 1, "b");
    expect_struck(&f, MEMORY_AWAY, 2);
    end(&f);
}

/* --- faults of partitions --- */

static void a_lost_tail_is_gone_for_who_was_behind_it_and_its_offsets_are_given_out_again(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "abcd");
    read_from(&f, 4);
    expect_end(&f, 4);
    const struct log_position second = at(1), far = at(9);
    assert_false(memory_log_lose_tail(f.log, &far));
    assert_true(memory_log_lose_tail(f.log, &second));
    expect_struck(&f, MEMORY_TAIL_LOST, 1);
    assert_int_equal(poll(&f), LOG_GOT_GONE);
    assert_int_equal(f.message.offset, 4);
    assert_int_equal(poll(&f), LOG_GOT_NOTHING); /* once */
    append_all(&f, "xyz");
    expect_struck(&f, MEMORY_TAIL_GREW_AGAIN, 1);
    assert_int_equal(poll(&f), LOG_GOT_NOTHING); /* until it is assigned anew */
    read_from(&f, 1);
    expect_message(&f, 1, "x");
    end(&f);
}

static void who_reads_on_behind_a_tail_that_grew_again_notices_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "abc");
    read_from(&f, 2);
    expect_message(&f, 2, "c");
    const struct log_position second = at(1);
    assert_true(memory_log_lose_tail(f.log, &second));
    append_all(&f, "xyz");
    expect_message(&f, 3, "z");
    expect_struck(&f, MEMORY_TAIL_GREW_AGAIN, 1);
    expect_struck(&f, MEMORY_RECORDS_GONE, 0);
    end(&f);
}

static void records_deleted_below_a_position_are_told_as_gone_of_that_partition_alone(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "abc");
    assert_int_equal(append_to(&f, 1, "other", NULL), ERROR_NONE);
    const struct log_position below = at(2), both[] = {{"t", 0, 1}, {"t", 1, 0}};
    assert_true(memory_log_delete_below(f.log, &below));
    assert_int_equal(log_assign(f.handle, both, 2, &f.error), ERROR_NONE);
    int gone = 0, read = 0;
    for (int i = 0; i < 6; i++) {
        enum log_got got = poll(&f);
        gone += got == LOG_GOT_GONE && f.message.partition == 0 && f.message.offset == 1;
        read += got == LOG_GOT_MESSAGE && f.message.partition == 1;
        log_release(f.handle, &f.message);
    }
    assert_int_equal(gone, 1);
    assert_int_equal(read, 1);
    expect_struck(&f, MEMORY_RECORDS_GONE, 1);
    read_from(&f, 2);
    expect_message(&f, 2, "c");
    end(&f);
}

static void a_record_goes_missing_is_torn_or_has_a_bit_turned(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    assert_int_equal(append(&f, "first"), ERROR_NONE);
    assert_int_equal(append(&f, "second"), ERROR_NONE);
    assert_int_equal(append(&f, "third"), ERROR_NONE);
    const struct log_position first = at(0), second = at(1), third = at(2), none = at(3);
    assert_true(memory_log_tear(f.log, &first, 2));
    assert_false(memory_log_tear(f.log, &first, 2));
    assert_true(memory_log_remove(f.log, &second));
    assert_false(memory_log_remove(f.log, &second));
    assert_true(memory_log_flip(f.log, &third, 8));
    assert_false(memory_log_flip(f.log, &none, 0));
    read_from(&f, 0);
    expect_message(&f, 0, "fi");
    expect_message(&f, 2, "thisd");
    expect_end(&f, 3);
    expect_struck(&f, MEMORY_RECORD_TORN, 1);
    expect_struck(&f, MEMORY_RECORD_MISSING, 1);
    expect_struck(&f, MEMORY_BYTE_FLIPPED, 1);
    end(&f);
}

static void a_spoiled_record_is_told_as_gone(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    append_all(&f, "abc");
    const struct log_position second = at(1), none = at(3);
    assert_true(memory_log_spoil(f.log, &second));
    assert_false(memory_log_spoil(f.log, &none));
    read_from(&f, 0);
    expect_message(&f, 0, "a");
    assert_int_equal(poll(&f), LOG_GOT_GONE);
    assert_int_equal(f.message.offset, 1);
    assert_int_equal(poll(&f), LOG_GOT_NOTHING);
    read_from(&f, 2);
    expect_message(&f, 2, "c");
    expect_struck(&f, MEMORY_RECORD_SPOILED, 1);
    end(&f);
}

static void put_key(struct fixture *f, const char *key, const char *value)
{
    const struct log_record record = {.topic = "t", .key = str_of(key), .value = str_of(value)};
    memory_log_put(f->log, &record);
}

static void a_compacted_partition_keeps_the_last_of_each_key_at_its_offset(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, (struct memory_log_config){0});
    put_key(&f, "a", "1");
    put_key(&f, "b", "1");
    put_key(&f, "a", "2");
    put_key(&f, "c", "1");
    put_key(&f, "b", ""); /* deletes what is under the key */
    append_all(&f, "x");
    memory_log_compact(f.log, "t", 0);
    read_from(&f, 0);
    expect_message(&f, 2, "2");
    expect_message(&f, 3, "1");
    expect_message(&f, 5, "x");
    expect_end(&f, 6);
    end(&f);
}

static void every_fault_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (enum memory_log_fault a = 0; a < MEMORY_LOG_FAULTS; a++) {
        assert_non_null(memory_log_fault_name(a));
        for (enum memory_log_fault b = 0; b < a; b++)
            assert_string_not_equal(memory_log_fault_name(a), memory_log_fault_name(b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_handle_aborts_and_the_next_one_goes_on),
        cmocka_unit_test(a_handle_is_killed_at_the_call_that_was_asked_for),
        cmocka_unit_test(what_a_killed_handle_had_on_its_way_is_lost_or_lands),
        cmocka_unit_test(what_went_to_different_partitions_lands_apart),
        cmocka_unit_test(an_acknowledgement_comes_late_and_the_record_does_not),
        cmocka_unit_test(a_lost_acknowledgement_fails_the_delivery_of_a_record_that_stands),
        cmocka_unit_test(appends_ranges_and_opens_fail_as_often_as_is_asked),
        cmocka_unit_test(while_brokers_are_away_nothing_lands_and_nothing_is_read),
        cmocka_unit_test(a_lost_tail_is_gone_for_who_was_behind_it_and_its_offsets_are_given_out_again),
        cmocka_unit_test(who_reads_on_behind_a_tail_that_grew_again_notices_nothing),
        cmocka_unit_test(records_deleted_below_a_position_are_told_as_gone_of_that_partition_alone),
        cmocka_unit_test(a_record_goes_missing_is_torn_or_has_a_bit_turned),
        cmocka_unit_test(a_spoiled_record_is_told_as_gone),
        cmocka_unit_test(a_compacted_partition_keeps_the_last_of_each_key_at_its_offset),
        cmocka_unit_test(every_fault_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
