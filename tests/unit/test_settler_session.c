/* A session may be what refuses a partition's work, with settings that its role had when it began: the
 * settler tries in a new one, and what works meanwhile goes on. */
#include "settler/settler.h"
#include "settler/store/memory_store.h"
#include "settler/store/port.h"
#include "tests/support/memory_host.h"
#include "tests/support/test.h"

enum { PARTITIONS = 2 };

struct fixture {
    struct topics topics;
    struct memory_log *log;
    struct memory_member member;
    struct memory_host host;
    struct settler settler;
    struct worker_config config;
    struct worker *worker;
    bool ready;
    uint32_t restarts;
};

/* --- stores of which those that were opened while the role was sick refuse, for good --- */

static struct memory_tables *tables;
static const struct store_ops *own_ops;
static struct store_ops sick_ops;
static bool role_is_sick, opens;
static uint32_t opened, claims[PARTITIONS];

static enum error_class refuse_claim(struct store *store, uint32_t partition, struct claim_row *row,
                                     struct error *error)
{
    if (partition == 1)
        return error_set(error, ERROR_RETRY, "query", "canceling statement due to statement timeout");
    return own_ops->claim(store, partition, row, error);
}

static enum error_class count_claim(struct store *store, uint32_t partition, struct claim_row *row,
                                    struct error *error)
{
    claims[partition]++;
    return own_ops->claim(store, partition, row, error);
}

static struct store *open_store(void *context, struct error *error)
{
    static struct store_ops counting_ops;
    (void)context;
    if (!opens) {
        error_set(error, ERROR_ABORT, "connect", "too many connections");
        return NULL;
    }
    const struct store_opener opener = memory_store_opener(tables);
    struct store *store = opener.open(opener.context, error);
    assert_non_null(store);
    own_ops = store->ops;
    sick_ops = counting_ops = *own_ops;
    sick_ops.claim = refuse_claim;
    counting_ops.claim = count_claim;
    store->ops = role_is_sick ? &sick_ops : &counting_ops;
    opened++;
    return store;
}

/* --- the fixture --- */

static void show(void *context, const struct worker_view *view)
{
    struct fixture *f = context;
    f->ready = view->ready;
    f->restarts = view->restarts;
}

static int make(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    tables = memory_tables_new();
    role_is_sick = opens = true;
    opened = claims[0] = claims[1] = 0;
    f->topics = topics_of("");
    f->log = memory_log_new(&(struct memory_log_config){.seed = 5, .now_ms = 100000});
    f->member = (struct memory_member){.log = f->log, .group = "g", .topic = f->topics.frames, .name = "one"};
    memory_host_init(&f->host, f->log);
    memory_log_topic(f->log, f->topics.frames, PARTITIONS);
    memory_log_topic(f->log, f->topics.snapshots, PARTITIONS);
    settler_init(&f->settler, &f->topics, (struct store_opener){open_store, NULL});
    f->config = (struct worker_config){.stage = &f->settler.stage,
                                       .opener = memory_log_opener(&f->member),
                                       .host = &f->host.host,
                                       .topic = f->topics.frames,
                                       .partitions = "all",
                                       .show = show,
                                       .show_context = f};
    f->worker = worker_new(&f->config);
    *state = f;
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    worker_free(f->worker);
    memory_log_free(f->log);
    memory_tables_free(tables);
    free(f);
    return 0;
}

static void live(struct fixture *f, int64_t ms)
{
    int status;
    int64_t end_ms = memory_log_now(f->log) + ms;
    while (memory_log_now(f->log) < end_ms) {
        memory_log_pass(f->log, 1);
        assert_true(worker_turn(f->worker, &status));
    }
}

/* --- what is proven --- */

static void what_a_session_refuses_is_tried_in_a_new_one(void **state)
{
    struct fixture *f = *state;
    live(f, 60000);
    assert_false(f->ready);
    assert_in_range(opened, 4, 8);
    role_is_sick = false;
    live(f, 60000);
    assert_true(f->ready);
    assert_int_equal(claims[1], 1);
    assert_int_equal(claims[0], 0); /* its claim of the first session stands */
    assert_int_equal(f->restarts, 0);
    uint32_t before = opened;
    live(f, 600000);
    assert_int_equal(opened, before);
}

static void a_session_that_works_goes_on_while_there_is_no_other(void **state)
{
    struct fixture *f = *state;
    live(f, 5000);
    opens = false;
    live(f, 60000);
    assert_int_equal(f->restarts, 0);
    opens = true;
    role_is_sick = false;
    live(f, 60000);
    assert_true(f->ready);
}

static void an_answer_is_not_waited_for_once_the_process_is_to_stop(void **state)
{
    struct fixture *f = *state;
    live(f, 1000);
    assert_true(settler_waiting(&f->settler, 60000));
    f->host.stopping = true;
    assert_true(settler_waiting(&f->settler, 500));
    assert_false(settler_waiting(&f->settler, 2500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_session_refuses_is_tried_in_a_new_one, make, unmake),
        cmocka_unit_test_setup_teardown(an_answer_is_not_waited_for_once_the_process_is_to_stop, make,
                                        unmake),
        cmocka_unit_test_setup_teardown(a_session_that_works_goes_on_while_there_is_no_other, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
