/* Of all changes of a partition's state, these and no others are legal. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/run/partition_state.h"
#include "tests/support/test.h"

struct pair {
    enum partition_state from;
    enum partition_state to;
};

static const struct pair legal[] = {
    {PARTITION_ABSENT, PARTITION_CLAIMING},  {PARTITION_CLAIMING, PARTITION_ABSENT},
    {PARTITION_CLAIMING, PARTITION_WORKING}, {PARTITION_CLAIMING, PARTITION_STOPPED},
    {PARTITION_CLAIMING, PARTITION_LOST},    {PARTITION_WORKING, PARTITION_ABSENT},
    {PARTITION_WORKING, PARTITION_CLAIMING}, {PARTITION_WORKING, PARTITION_STOPPED},
    {PARTITION_WORKING, PARTITION_LOST},     {PARTITION_STOPPED, PARTITION_ABSENT},
    {PARTITION_LOST, PARTITION_ABSENT},      {PARTITION_LOST, PARTITION_CLAIMING},
};

static bool is_legal(enum partition_state from, enum partition_state to)
{
    for (size_t i = 0; i < sizeof legal / sizeof *legal; i++)
        if (legal[i].from == from && legal[i].to == to)
            return true;
    return false;
}

/* Whether the setter takes it: an illegal one ends the process. */
static bool is_taken(enum partition_state from, enum partition_state to)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct partition partition = {.state = from, .busy = true, .full = true};
        close(STDERR_FILENO);
        partition_set(&partition, to, "why");
        _exit(partition.state == to && !partition.busy && !partition.full ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGABRT);
        return false;
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

static void every_pair_of_states_is_legal_or_ends_the_process(void **state)
{
    (void)state;
    for (int from = 0; from < PARTITION_STATE_COUNT; from++) {
        for (int to = 0; to < PARTITION_STATE_COUNT; to++) {
            bool wanted = is_legal((enum partition_state)from, (enum partition_state)to);
            assert_int_equal(partition_may((enum partition_state)from, (enum partition_state)to), wanted);
            assert_int_equal(is_taken((enum partition_state)from, (enum partition_state)to), wanted);
        }
    }
}

static void each_state_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < PARTITION_STATE_COUNT; i++)
        assert_non_null(partition_state_name((enum partition_state)i));
}

static void a_refusal_says_why_and_leaves_the_state(void **state)
{
    (void)state;
    struct partition partition = {.state = PARTITION_WORKING};
    partition_refuse(&partition, "rows refused");
    assert_true(partition.refused);
    assert_string_equal(partition.why, "rows refused");
    assert_int_equal(partition.state, PARTITION_WORKING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_states_is_legal_or_ends_the_process),
        cmocka_unit_test(each_state_has_a_name),
        cmocka_unit_test(a_refusal_says_why_and_leaves_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
