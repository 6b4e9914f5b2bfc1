#include "collectors/http_server.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collectors/http_connection.h"
#include "lib/base/check.h"
#include "lib/io/clock.h"
#include "lib/io/journal.h"

enum {
    EVENTS = 64,
    ACCEPTS = 64, /* in one turn: those that are open have theirs */
    LOOK_MS = 100,
    REFUSED_MAX = 64,     /* that wait for their 503; more are closed at once */
    FIRST_WORD_MS = 1000, /* for who comes to say something */
    PAUSE_LEAST_MS = 100,
    PAUSE_MOST_MS = 1000,
};

struct http_server {
    struct http_server_config config;
    struct connection_shared shared;
    int listening;
    int epoll;
    int event; /* written to wake the thread */
    pthread_t thread;
    _Atomic bool is_stopping;
    _Atomic bool is_quiesced;
    struct connection *first;
    struct connection *closed; /* freed at the turn's end: events of it may still be under way */
    int64_t open;              /* without those that are refused */
    int64_t refused;
    int64_t look_at_ms;
    int64_t accept_at_ms; /* monotonic; 0: whenever one comes */
    int64_t pause_ms;
    pthread_mutex_t lock; /* of what follows */
    struct connection *first_woken;
};

static int64_t monotonic_ms(void)
{
    return clock_steady_us() / 1000;
}

/* --- polling --- */

static void poll_socket(const struct http_server *server, int operation, int socket, uint32_t events,
                        void *of)
{
    struct epoll_event event = {.events = events, .data.ptr = of};
    CHECK(epoll_ctl(server->epoll, operation, socket, &event) == 0);
}

static void remove_connection(struct http_server *server, struct connection *c)
{
    if (c->next != NULL)
        c->next->previous = c->previous;
    if (c->previous != NULL)
        c->previous->next = c->next;
    else
        server->first = c->next;
    if (c->is_refused)
        server->refused--;
    else
        metric_set(server->config.open, --server->open);
    c->next = server->closed;
    server->closed = c;
}

/* After something happened to it: polls for what it waits for now. What waits for the handler is not polled,
 * or a client that is gone would be told of again and again. */
static void settle(struct http_server *server, struct connection *c)
{
    uint32_t events = c->step == CONNECTION_CLOSED ? 0 : connection_polls_for(c);
    if (events != c->polled)
        poll_socket(server,
                    c->polled == 0 ? EPOLL_CTL_ADD
                    : events == 0  ? EPOLL_CTL_DEL
                                   : EPOLL_CTL_MOD,
                    c->socket, events, c);
    c->polled = events;
    if (c->step == CONNECTION_CLOSED)
        remove_connection(server, c);
}

/* --- accepting --- */

/* An IPv4 address as IPv6 has it. */
static struct in6_addr address_of(const struct sockaddr_storage *peer)
{
    struct in6_addr address = {0};
    if (peer->ss_family == AF_INET6)
        return ((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr;
    const struct sockaddr_in *in = (const void *)peer;
    memcpy(&address.s6_addr[12], &in->sin_addr, sizeof in->sin_addr);
    address.s6_addr[10] = address.s6_addr[11] = 0xff;
    return address;
}

static bool is_from(const struct connection *c, const struct in6_addr *address)
{
    return address == NULL || memcmp(&c->exchange.address, address, sizeof *address) == 0;
}

static int64_t count_from(const struct http_server *server, const struct in6_addr *address)
{
    int64_t count = 0;
    for (const struct connection *c = server->first; c != NULL; c = c->next)
        count += !c->is_refused && is_from(c, address);
    return count;
}

static struct connection *oldest_idle(const struct http_server *server, const struct in6_addr *address)
{
    struct connection *oldest = NULL;
    for (struct connection *c = server->first; c != NULL; c = c->next)
        if (connection_is_idle(c) && is_from(c, address) &&
            (oldest == NULL || c->idle_since_ms <= oldest->idle_since_ms))
            oldest = c;
    return oldest;
}

/* Who has been idle longest, of that address (NULL: of any), and since then; whose bytes are there already is
 * served instead. NULL: nobody is. */
static struct connection *find_idle(struct http_server *server, const struct in6_addr *address,
                                    int64_t since_ms, int64_t now_ms)
{
    for (struct connection *c; (c = oldest_idle(server, address)) != NULL && c->idle_since_ms <= since_ms;) {
        connection_read(c, now_ms);
        if (connection_is_idle(c))
            return c;
        settle(server, c);
    }
    return NULL;
}

static void close_idle(struct http_server *server, struct connection *c)
{
    c->step = CONNECTION_CLOSED;
    settle(server, c);
    metric_add(server->config.cut_idle, 1);
}

/* Who has just come, and may be about to speak, is told when it does; who was served before knows to come
 * again. */
static bool make_room(struct http_server *server, const struct in6_addr *address, int64_t now_ms)
{
    struct connection *c = find_idle(server, address, now_ms, now_ms);
    if (c == NULL)
        return false;
    if (!c->is_first || server->refused >= REFUSED_MAX) {
        close_idle(server, c);
        return true;
    }
    connection_turn_away(c, now_ms);
    metric_set(server->config.open, --server->open);
    server->refused++;
    metric_add(server->config.cut_idle, 1);
    return true;
}

static bool has_room(struct http_server *server, const struct in6_addr *address, int64_t now_ms)
{
    if (count_from(server, address) >= server->config.address_connections)
        return make_room(server, address, now_ms);
    return server->open < server->config.connections || make_room(server, NULL, now_ms);
}

static void add_connection(struct http_server *server, int socket, const struct in6_addr *address,
                           int64_t now_ms)
{
    bool refuse = !has_room(server, address, now_ms);
    if (refuse)
        metric_add(server->config.refused, 1);
    if (refuse && server->refused >= REFUSED_MAX) {
        close(socket);
        return;
    }
    struct connection *c = connection_new(&server->shared, socket, now_ms);
    if (refuse)
        connection_turn_away(c, now_ms);
    c->exchange.address = *address;
    c->next = server->first;
    if (c->next != NULL)
        c->next->previous = c;
    server->first = c;
    if (refuse)
        server->refused++;
    else
        metric_set(server->config.open, ++server->open);
    settle(server, c);
}

/* No descriptor, no memory: it is said once, and tried again after a while. The connection waits in the
 * system's queue. */
static void pause_accepting(struct http_server *server, int why, int64_t now_ms)
{
    metric_add(server->config.failed, 1);
    if (server->pause_ms == 0)
        journal_warning("accept_failed", JOURNAL_STR("why", strerror(why)),
                        JOURNAL_INT("connections", server->open));
    server->pause_ms = server->pause_ms == 0 ? PAUSE_LEAST_MS : server->pause_ms * 2;
    if (server->pause_ms > PAUSE_MOST_MS)
        server->pause_ms = PAUSE_MOST_MS;
    server->accept_at_ms = now_ms + server->pause_ms;
    poll_socket(server, EPOLL_CTL_MOD, server->listening, 0, &server->listening);
    struct connection *idle = find_idle(server, NULL, now_ms - FIRST_WORD_MS, now_ms);
    if (idle != NULL)
        close_idle(server, idle);
}

static void accept_connections(struct http_server *server, int64_t now_ms)
{
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage peer = {0};
        union {
            struct sockaddr_storage *storage;
            struct sockaddr *any;
        } at = {&peer};
        socklen_t size = sizeof peer;
        int socket = accept4(server->listening, at.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket >= 0) {
            struct in6_addr address = address_of(&peer);
            if (server->pause_ms > 0)
                journal_info("accepting_again", JOURNAL_INT("connections", server->open));
            server->pause_ms = 0;
            add_connection(server, socket, &address, now_ms);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(server, errno, now_ms);
            return;
        } else if (errno == EAGAIN) {
            return;
        } /* else that one connection failed */
    }
}

static void end_pause(struct http_server *server, int64_t now_ms)
{
    if (server->accept_at_ms == 0 || now_ms < server->accept_at_ms)
        return;
    server->accept_at_ms = 0;
    if (!atomic_load(&server->is_quiesced))
        poll_socket(server, EPOLL_CTL_MOD, server->listening, EPOLLIN, &server->listening);
}

/* --- the loop --- */

static void handle(struct http_server *server, struct connection *c, uint32_t events, int64_t now_ms)
{
    if (c->step == CONNECTION_CLOSED) /* in this turn, for another */
        return;
    if ((c->polled & EPOLLOUT) != 0 && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
        connection_write(c, now_ms);
    if ((connection_polls_for(c) & c->polled & EPOLLIN) != 0 && c->step != CONNECTION_CLOSED &&
        (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
        connection_read(c, now_ms);
    settle(server, c);
}

static void take_woken(struct http_server *server, int64_t now_ms)
{
    uint64_t times;
    ssize_t got = read(server->event, &times, sizeof times);
    CHECK(got == sizeof times || errno == EAGAIN);
    pthread_mutex_lock(&server->lock);
    struct connection *first = server->first_woken;
    server->first_woken = NULL;
    pthread_mutex_unlock(&server->lock);
    for (struct connection *c = first, *next; c != NULL; c = next) {
        next = c->next_woken;
        connection_wake(c, now_ms);
        settle(server, c);
    }
}

static void look_at_deadlines(struct http_server *server, int64_t now_ms)
{
    if (now_ms < server->look_at_ms)
        return;
    server->look_at_ms = now_ms + LOOK_MS;
    end_pause(server, now_ms);
    if (server->config.handler->look != NULL)
        server->config.handler->look(server->config.context);
    for (struct connection *c = server->first, *next; c != NULL; c = next) {
        next = c->next;
        if (now_ms < c->deadline_ms)
            continue;
        connection_expire(c, now_ms);
        settle(server, c);
    }
}

static void free_closed(struct http_server *server)
{
    for (struct connection *c = server->closed, *next; c != NULL; c = next) {
        next = c->next;
        connection_free(c);
    }
    server->closed = NULL;
}

static void *serve(void *context)
{
    struct http_server *server = context;
    struct epoll_event events[EVENTS];
    while (!atomic_load(&server->is_stopping)) {
        int count = epoll_wait(server->epoll, events, EVENTS, LOOK_MS);
        CHECK(count >= 0 || errno == EINTR);
        int64_t now_ms = monotonic_ms();
        bool is_accepting = false;
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == &server->listening)
                is_accepting = !atomic_load(&server->is_quiesced);
            else if (events[i].data.ptr == &server->event)
                take_woken(server, now_ms);
            else
                handle(server, events[i].data.ptr, events[i].events, now_ms);
        }
        if (is_accepting)
            accept_connections(server, now_ms);
        look_at_deadlines(server, now_ms);
        free_closed(server);
    }
    return NULL;
}

/* --- life --- */

static void wake_thread(struct http_server *server)
{
    uint64_t once = 1;
    CHECK(write(server->event, &once, sizeof once) == sizeof once);
}

static void wake(struct http_server *server, struct connection *c)
{
    pthread_mutex_lock(&server->lock);
    c->next_woken = server->first_woken;
    server->first_woken = c;
    wake_thread(server); /* under the lock: afterwards the server may be gone */
    pthread_mutex_unlock(&server->lock);
}

struct http_server *http_server_start(const struct http_server_config *config, int listening)
{
    struct http_server *server = calloc(1, sizeof *server);
    CHECK(server != NULL);
    server->config = *config;
    server->shared.config = &server->config;
    server->shared.server = server;
    server->shared.wake = wake;
    server->listening = listening;
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    server->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(server->epoll >= 0 && server->event >= 0);
    pthread_mutex_init(&server->lock, NULL);
    poll_socket(server, EPOLL_CTL_ADD, listening, EPOLLIN, &server->listening);
    poll_socket(server, EPOLL_CTL_ADD, server->event, EPOLLIN, &server->event);
    CHECK(pthread_create(&server->thread, NULL, serve, server) == 0);
    return server;
}

void http_server_quiesce(struct http_server *server)
{
    atomic_store(&server->is_quiesced, true);
    poll_socket(server, EPOLL_CTL_MOD, server->listening, 0, &server->listening);
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    atomic_store(&server->is_stopping, true);
    wake_thread(server);
    pthread_join(server->thread, NULL);
    while (server->first != NULL) {
        server->first->step = CONNECTION_CLOSED;
        settle(server, server->first);
    }
    free_closed(server);
    close(server->listening);
    close(server->epoll);
    close(server->event);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
