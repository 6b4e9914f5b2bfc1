/* Groups of the memory log: partitions are handed out in ranges, taken from all at a rebalance, kept for a
 * session for who has a name; and a member that was given up goes on as long as it does not know. */
#include <stdio.h>

#include "lib/base/vec.h"
#include "lib/port/memory_log.h"
#include "tests/support/test.h"

enum { MEMBERS = 3, PARTITIONS = 5 };

/* What one member was told. */
struct told {
    struct memory_member member;
    struct log *handle;
    uint32_t first;
    uint32_t count; /* 0: it holds none */
    int assigned;
    int revoked;
};

static struct memory_log *cluster;
static struct told members[MEMBERS];

static void on_assigned(void *context, const uint32_t *partitions, uint32_t count)
{
    struct told *told = context;
    VEC(struct log_position) positions = {0};
    struct error error;
    told->assigned++;
    told->first = count > 0 ? partitions[0] : 0;
    told->count = count;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(partitions[i], partitions[0] + i);
        vec_push(&positions, (struct log_position){"t", partitions[i], 0});
    }
    assert_int_equal(log_assign(told->handle, positions.at, count, &error), ERROR_NONE);
    vec_release(&positions);
}

static void on_revoked(void *context)
{
    struct told *told = context;
    told->revoked++;
    told->count = 0;
}

static void open_member(int i)
{
    struct told *told = &members[i];
    struct log_opener opener = memory_log_opener(&told->member);
    const struct log_client client = {.assigned = on_assigned, .revoked = on_revoked, .context = told};
    struct error error;
    told->handle = opener.open(opener.context, &client, &error);
    assert_non_null(told->handle);
}

static void begin(int count, bool named)
{
    static const char *const names[MEMBERS] = {"a", "b", "c"};
    cluster = memory_log_new(&(struct memory_log_config){.session_ms = 6000});
    memory_log_topic(cluster, "t", PARTITIONS);
    for (int i = 0; i < MEMBERS; i++)
        members[i] = (struct told){
            .member = {.log = cluster, .group = "g", .topic = "t", .name = named ? names[i] : NULL}};
    for (int i = 0; i < count; i++)
        open_member(i);
}

static void end(void)
{
    for (int i = 0; i < MEMBERS; i++)
        log_close(members[i].handle);
    memory_log_free(cluster);
}

static enum log_got poll(int i)
{
    struct log_message message;
    struct error error;
    enum log_got got = log_poll(members[i].handle, 0, &message, &error);
    log_release(members[i].handle, &message);
    return got;
}

/* Each that has a handle takes its turn a few times. */
static void turns(int count)
{
    for (int round = 0; round < 4; round++)
        for (int i = 0; i < count; i++)
            if (members[i].handle != NULL)
                poll(i);
}

static void expect(int i, uint32_t first, uint32_t count)
{
    assert_int_equal(members[i].first, first);
    assert_int_equal(members[i].count, count);
}

static enum error_class append(int i)
{
    struct error error;
    const struct log_record record = {.topic = "t", .value = STR("v")};
    return log_append(members[i].handle, &record, &error);
}

static void partitions_are_handed_out_in_ranges_by_name(void **state)
{
    (void)state;
    begin(0, true);
    open_member(1);
    open_member(0);
    turns(2);
    expect(0, 0, 3);
    expect(1, 3, 2);
    end();
}

static void who_comes_takes_partitions_from_all_until_all_took_their_turn(void **state)
{
    (void)state;
    begin(2, true);
    turns(2);
    open_member(2);
    poll(2);
    poll(0);
    assert_int_equal(members[0].revoked, 1);
    poll(0);
    poll(2);
    assert_int_equal(members[0].count + members[2].count, 0); /* the second has not left its own */
    assert_int_equal(members[1].count, 2);
    turns(3);
    expect(0, 0, 2);
    expect(1, 2, 2);
    expect(2, 4, 1);
    assert_int_equal(memory_log_struck(cluster, MEMORY_REBALANCED), 2);
    end();
}

static void a_named_member_that_goes_keeps_its_partitions_for_a_session(void **state)
{
    (void)state;
    begin(2, true);
    turns(2);
    log_close(members[0].handle);
    memory_log_pass(cluster, 6000);
    poll(1);
    assert_int_equal(members[1].revoked, 0);
    members[0] = (struct told){.member = members[0].member};
    open_member(0);
    poll(0);
    expect(0, 0, 3); /* without a rebalance */
    assert_int_equal(members[1].revoked, 0);
    log_close(members[0].handle);
    members[0].handle = NULL;
    memory_log_pass(cluster, 6001);
    for (int i = 0; i < 3; i++)
        poll(1);
    expect(1, 0, 5);
    end();
}

static void a_member_without_a_name_leaves_at_once(void **state)
{
    (void)state;
    begin(2, false);
    turns(2);
    log_close(members[0].handle);
    members[0].handle = NULL;
    for (int i = 0; i < 3; i++)
        poll(1);
    expect(1, 0, 5);
    end();
}

static void a_killed_member_leaves_after_a_session(void **state)
{
    (void)state;
    begin(2, false);
    turns(2);
    memory_log_kill(&members[0].member, MEMORY_LOST);
    memory_log_pass(cluster, 6000);
    poll(1);
    assert_int_equal(members[1].revoked, 0);
    memory_log_pass(cluster, 1);
    for (int i = 0; i < 3; i++)
        poll(1);
    expect(1, 0, 5);
    end();
}

static void another_of_the_same_name_takes_the_place_of_the_first(void **state)
{
    (void)state;
    begin(1, true);
    turns(1);
    members[1].member.name = "a";
    open_member(1);
    poll(1);
    expect(1, 0, 5);
    assert_int_equal(append(0), ERROR_ABORT);
    assert_int_equal(memory_log_struck(cluster, MEMORY_HANDLE_DIED), 1);
    end();
}

static void a_stopped_member_is_given_up_and_comes_back_when_it_goes_on(void **state)
{
    (void)state;
    begin(2, true);
    turns(2);
    memory_log_freeze(&members[0].member);
    memory_log_pass(cluster, 6001);
    for (int i = 0; i < 3; i++)
        poll(1);
    expect(1, 0, 5);
    memory_log_thaw(&members[0].member);
    assert_int_equal(append(0), ERROR_NONE); /* before it takes a turn */
    assert_int_equal(memory_log_struck(cluster, MEMORY_SECOND_OWNER), 1);
    expect(0, 0, 3);
    poll(0);
    assert_int_equal(members[0].revoked, 1);
    turns(2);
    expect(0, 0, 3);
    expect(1, 3, 2);
    end();
}

static void a_member_that_goes_on_within_a_session_was_not_missed(void **state)
{
    (void)state;
    begin(2, true);
    turns(2);
    memory_log_freeze(&members[0].member);
    memory_log_pass(cluster, 6000);
    poll(1);
    memory_log_thaw(&members[0].member);
    memory_log_pass(cluster, 6000);
    turns(2);
    assert_int_equal(members[0].revoked + members[1].revoked, 0);
    end();
}

static void a_member_that_was_given_up_goes_on_until_it_is_told(void **state)
{
    (void)state;
    begin(2, true);
    turns(2);
    memory_log_expel(&members[0].member, 3000);
    for (int i = 0; i < 3; i++)
        poll(1);
    expect(1, 0, 5);
    expect(0, 0, 3);
    assert_int_equal(append(0), ERROR_NONE);
    assert_int_equal(append(0), ERROR_NONE);
    assert_int_equal(memory_log_struck(cluster, MEMORY_SECOND_OWNER), 1);
    while (poll(0) != LOG_GOT_MESSAGE)
        ; /* it reads on, too */
    assert_int_equal(members[0].revoked, 0);
    memory_log_pass(cluster, 3000);
    poll(0);
    assert_int_equal(members[0].revoked, 1);
    turns(2);
    expect(0, 0, 3);
    expect(1, 3, 2);
    end();
}

static void offsets_are_committed_by_who_is_in_the_group(void **state)
{
    (void)state;
    struct error error;
    begin(2, true);
    turns(2);
    const struct log_position position = {"t", 1, 42};
    assert_int_equal(memory_log_committed(cluster, "g", "t", 1), -1);
    assert_int_equal(log_commit(members[0].handle, &position, 1, &error), ERROR_NONE);
    assert_int_equal(memory_log_committed(cluster, "g", "t", 1), 42);
    memory_log_expel(&members[0].member, 3000);
    const struct log_position later = {"t", 1, 43};
    assert_int_equal(log_commit(members[0].handle, &later, 1, &error), ERROR_NONE);
    assert_int_equal(memory_log_committed(cluster, "g", "t", 1), 42);
    assert_int_equal(log_commit(members[1].handle, &later, 1, &error), ERROR_NONE);
    assert_int_equal(memory_log_committed(cluster, "g", "t", 1), 43);
    assert_int_equal(memory_log_committed(cluster, "other", "t", 1), -1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_are_handed_out_in_ranges_by_name),
        cmocka_unit_test(who_comes_takes_partitions_from_all_until_all_took_their_turn),
        cmocka_unit_test(a_named_member_that_goes_keeps_its_partitions_for_a_session),
        cmocka_unit_test(a_member_without_a_name_leaves_at_once),
        cmocka_unit_test(a_killed_member_leaves_after_a_session),
        cmocka_unit_test(another_of_the_same_name_takes_the_place_of_the_first),
        cmocka_unit_test(a_stopped_member_is_given_up_and_comes_back_when_it_goes_on),
        cmocka_unit_test(a_member_that_goes_on_within_a_session_was_not_missed),
        cmocka_unit_test(a_member_that_was_given_up_goes_on_until_it_is_told),
        cmocka_unit_test(offsets_are_committed_by_who_is_in_the_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
