/* One connection, over a pair of sockets, with time as an argument: what its handler is told, what its client
 * gets, and how it ends. */
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/http_connection.h"
#include "lib/base/check.h"
#include "tests/support/test.h"

#define HEAD "POST / HTTP/1.1\r\nHost: x\r\n"

/* --- a handler that answers at once, or waits --- */

static struct {
    bool waits;
    bool answers_head;
    struct str says; /* the body of an answer */
    unsigned begun, done, refused_status;
    struct packer body;
} told;
static struct connection *woken;

static void wake(struct http_server *server, struct connection *c)
{
    (void)server;
    woken = c;
}

static void answer(struct exchange *exchange, unsigned status)
{
    http_exchange_answer(exchange, &(struct response){.status = status, .body = told.says});
}

static void on_begin(void *context, struct exchange *exchange)
{
    (void)context;
    told.begun++;
    if (told.answers_head)
        answer(exchange, 413);
}

static void on_piece(void *context, struct exchange *exchange, struct str piece)
{
    (void)context, (void)exchange;
    pack_raw(&told.body, piece.at, piece.size);
}

static void on_end(void *context, struct exchange *exchange)
{
    (void)context;
    if (!told.waits)
        answer(exchange, 200);
}

static void on_woken(void *context, struct exchange *exchange)
{
    (void)context;
    answer(exchange, 202);
}

static void on_done(void *context, struct exchange *exchange)
{
    (void)context, (void)exchange;
    told.done++;
}

static void on_refused(void *context, struct exchange *exchange, unsigned status, struct str why)
{
    (void)context;
    assert_true(why.size > 0);
    told.refused_status = status;
    answer(exchange, status);
}

static const struct http_handler handler = {on_begin, on_piece, on_end, on_woken, on_done, on_refused};
static struct metric cut_off = {"cut_off", METRIC_COUNTER, "", 0};
static const struct http_server_config config = {
    .request_ms = 1000, .handler = &handler, .cut_off = &cut_off};
static struct connection_shared shared = {.config = &config, .wake = wake};

/* --- the other end --- */

static struct connection *c;
static int client;

static void open_pair(bool refuse)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    client = pair[1];
    vec_release(&told.body.bytes);
    memset(&told, 0, sizeof told);
    metric_set(&cut_off, 0);
    c = connection_new(&shared, pair[0], 0);
    if (refuse)
        connection_turn_away(c, 0);
}

static void close_pair(void)
{
    connection_free(c);
    close(client);
    vec_release(&told.body.bytes);
}

static void say(const char *text, int64_t now_ms)
{
    assert_int_equal(write(client, text, strlen(text)), strlen(text));
    if ((connection_polls_for(c) & EPOLLIN) != 0)
        connection_read(c, now_ms);
}

/* The statuses of what has come, as "200 400". */
static void has_got(const char *expected)
{
    char got[4096], statuses[64] = "";
    ssize_t size = read(client, got, sizeof got - 1);
    got[size < 0 ? 0 : size] = 0;
    for (const char *at = got; (at = strstr(at, "HTTP/1.1 ")) != NULL; at += 9) {
        size_t used = strlen(statuses);
        snprintf(statuses + used, sizeof statuses - used, "%s%.3s", used > 0 ? " " : "", at + 9);
    }
    assert_string_equal(statuses, expected);
}

static void body_is(const char *expected)
{
    assert_int_equal(told.body.bytes.count, strlen(expected));
    assert_true(told.body.bytes.count == 0 || memcmp(told.body.bytes.at, expected, strlen(expected)) == 0);
}

/* --- facts --- */

static void requests_are_served_one_after_another(void **state)
{
    (void)state;
    open_pair(false);
    say(HEAD "Content-Length: 2\r\n\r\nab" HEAD "\r\n" HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nc\r\n",
        0);
    has_got("200 200");
    say("2\r\nde\r\n0\r\n\r\n", 0);
    has_got("200");
    body_is("abcde");
    assert_int_equal(told.begun, 3);
    assert_int_equal(told.done, 3);
    assert_int_equal(c->step, CONNECTION_HEAD);
    close_pair();
}

static void what_comes_behind_one_that_waits_waits_too(void **state)
{
    (void)state;
    open_pair(false);
    told.waits = true;
    say(HEAD "\r\n" HEAD "Content-Length: 1\r\n\r\nx" HEAD "\r\n", 0);
    assert_int_equal(told.begun, 1);
    assert_int_equal(connection_polls_for(c), 0);
    assert_true(c->deadline_ms == INT64_MAX);
    http_exchange_wake(&c->exchange);
    assert_ptr_equal(woken, c);
    told.waits = false;
    connection_wake(c, 0);
    has_got("202 200 200");
    assert_int_equal(told.done, 3);
    close_pair();
}

static void an_answer_to_the_head_ends_the_connection(void **state)
{
    (void)state;
    open_pair(false);
    told.answers_head = true;
    say(HEAD "Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello" HEAD "\r\n", 0);
    has_got("413");
    body_is("");
    assert_int_equal(c->step, CONNECTION_LINGER);
    assert_int_equal(told.begun, 1);
    close_pair();
}

static void who_asks_first_is_told_to_go_on(void **state)
{
    (void)state;
    open_pair(false);
    say(HEAD "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", 0);
    has_got("100");
    say("hello", 0);
    has_got("200");
    body_is("hello");
    close_pair();
}

static void what_is_no_request_is_refused_and_nothing_behind_it_read(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        unsigned status;
    } rows[] = {
        {"POST / HTTP/1.1\r\n\r\n" HEAD "\r\n", 400},
        {HEAD "Transfer-Encoding: br\r\n\r\n" HEAD "\r\n", 501},
        {"POST / HTTP/3.0\r\n\r\n" HEAD "\r\n", 505},
        {"POST / HTTP/1.1\r\nA: \x01", 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        open_pair(false);
        say(rows[i].bytes, 0);
        assert_int_equal(told.refused_status, rows[i].status);
        assert_int_equal(told.begun, 0);
        assert_int_equal(c->step, CONNECTION_LINGER);
        say(HEAD "\r\n", 0);
        assert_int_equal(told.begun, 0);
        connection_expire(c, 5000);
        assert_int_equal(c->step, CONNECTION_CLOSED);
        assert_int_equal(metric_value(&cut_off), 0);
        close_pair();
    }
}

static void a_body_that_turns_out_bad_is_done_and_refused(void **state)
{
    (void)state;
    open_pair(false);
    say(HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n", 0);
    assert_int_equal(told.done, 1);
    assert_int_equal(told.refused_status, 400);
    has_got("400");
    close_pair();
}

static void a_head_is_bounded(void **state)
{
    (void)state;
    open_pair(false);
    say(HEAD "A: ", 0);
    for (int i = 0; i < 400 && told.refused_status == 0; i++)
        say("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
            "aaaa",
            0);
    assert_int_equal(told.refused_status, 431);
    close_pair();
}

static void each_step_has_its_deadline(void **state)
{
    (void)state;
    open_pair(false);
    assert_int_equal(c->deadline_ms, 1000);
    say("POST / HTTP/1.1\r\n", 900);
    assert_int_equal(c->deadline_ms, 1000); /* a head that began late is no excuse */
    say("Host: x\r\nContent-Length: 2\r\n\r\n", 950);
    assert_int_equal(c->deadline_ms, 1950);
    say("a", 1900);
    assert_int_equal(c->deadline_ms, 1950); /* nor is a byte now and then */
    say("b", 1900);
    assert_true(c->deadline_ms > 10000);
    say("P", 10000);
    assert_int_equal(c->deadline_ms, 11000);
    connection_expire(c, 11000);
    assert_int_equal(c->step, CONNECTION_CLOSED);
    assert_int_equal(metric_value(&cut_off), 1);
    close_pair();
}

static void who_is_between_requests_is_idle(void **state)
{
    (void)state;
    open_pair(false);
    assert_true(connection_is_idle(c));
    say("POST", 1000);
    assert_false(connection_is_idle(c));
    say(" / HTTP/1.1\r\nHost: x\r\n\r\n", 1000);
    assert_true(connection_is_idle(c));
    told.waits = true;
    say(HEAD "\r\n", 1000);
    assert_false(connection_is_idle(c));
    close_pair();
}

static void who_is_idle_holds_little_whatever_was_answered(void **state)
{
    (void)state;
    static char body[100000];
    char got[65536];
    open_pair(false);
    told.says = (struct str){body, sizeof body};
    say(HEAD "X-A: 1\r\n\r\n", 0);
    while (c->step == CONNECTION_ANSWER) {
        assert_true(read(client, got, sizeof got) > 0);
        connection_write(c, 0);
    }
    assert_true(connection_is_idle(c));
    assert_true(c->out.bytes.capacity <= 4096);
    assert_true(c->head_bytes.bytes.capacity <= 4096);
    assert_int_equal(c->pending.bytes.capacity, 0);
    close_pair();
}

static void one_too_many_is_told_when_it_speaks_or_after_a_while(void **state)
{
    (void)state;
    open_pair(true);
    assert_false(connection_is_idle(c));
    say("P", 0);
    has_got("503");
    assert_int_equal(c->step, CONNECTION_LINGER);
    close_pair();
    open_pair(true);
    connection_expire(c, 1000);
    has_got("503");
    assert_int_equal(metric_value(&cut_off), 0);
    assert_int_equal(told.begun, 0);
    close_pair();
}

static void who_is_gone_is_done(void **state)
{
    (void)state;
    open_pair(false);
    say(HEAD "Content-Length: 2\r\n\r\na", 0);
    shutdown(client, SHUT_WR);
    connection_read(c, 0);
    assert_int_equal(c->step, CONNECTION_CLOSED);
    assert_int_equal(told.done, 0);
    close_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_served_one_after_another),
        cmocka_unit_test(what_comes_behind_one_that_waits_waits_too),
        cmocka_unit_test(an_answer_to_the_head_ends_the_connection),
        cmocka_unit_test(who_asks_first_is_told_to_go_on),
        cmocka_unit_test(what_is_no_request_is_refused_and_nothing_behind_it_read),
        cmocka_unit_test(a_body_that_turns_out_bad_is_done_and_refused),
        cmocka_unit_test(a_head_is_bounded),
        cmocka_unit_test(each_step_has_its_deadline),
        cmocka_unit_test(who_is_between_requests_is_idle),
        cmocka_unit_test(who_is_idle_holds_little_whatever_was_answered),
        cmocka_unit_test(one_too_many_is_told_when_it_speaks_or_after_a_while),
        cmocka_unit_test(who_is_gone_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
