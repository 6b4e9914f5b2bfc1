#include "collectors/http_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/check.h"

enum {
    ANSWER_MS = 30000, /* for a client to take its answer */
    IDLE_MS = 60000,   /* between two requests */
    LINGER_MS = 2000,  /* for a client to see the last answer, and close */
    REFUSED_MS = 1000, /* for one too many to say something; then it is told anyway */
    KEPT_BYTES = 4096  /* of a head's memory, and of an answer's, between two requests */
};

static struct connection *connection_of(struct exchange *exchange)
{
    return (struct connection *)exchange;
}

static const struct http_handler *handler_of(const struct connection *c)
{
    return c->shared->config->handler;
}

static void *context_of(const struct connection *c)
{
    return c->shared->config->context;
}

static int32_t request_ms_of(const struct connection *c)
{
    return c->shared->config->request_ms;
}

struct connection *connection_new(struct connection_shared *shared, int socket, int64_t now_ms)
{
    struct connection *c = calloc(1, sizeof *c);
    CHECK(c != NULL);
    c->shared = shared;
    c->socket = socket;
    c->is_first = true;
    c->idle_since_ms = now_ms;
    c->deadline_ms = now_ms + request_ms_of(c);
    return c;
}

void connection_turn_away(struct connection *c, int64_t now_ms)
{
    c->is_refused = true;
    c->deadline_ms = now_ms + REFUSED_MS;
}

static void end_exchange(struct connection *c)
{
    if (c->is_begun)
        handler_of(c)->done(context_of(c), &c->exchange);
    c->is_begun = c->is_answered = false;
    c->exchange.call = NULL;
}

void connection_free(struct connection *c)
{
    end_exchange(c);
    close(c->socket);
    vec_release(&c->head_bytes.bytes);
    vec_release(&c->pending.bytes);
    vec_release(&c->out.bytes);
    free(c);
}

/* --- answers --- */

/* Whoever is idle holds little, however long the answer was: what all requests hold is bounded, and this
 * is counted nowhere. */
static void clear(struct packer *bytes)
{
    if (bytes->bytes.capacity > KEPT_BYTES)
        vec_release(&bytes->bytes);
    vec_clear(&bytes->bytes);
}

/* The answer is out: to the next request, or to the end. */
static void finish(struct connection *c, int64_t now_ms)
{
    end_exchange(c);
    clear(&c->out);
    c->out_at = 0;
    if (c->is_last) {
        shutdown(c->socket, SHUT_WR);
        c->step = CONNECTION_LINGER;
        c->deadline_ms = now_ms + LINGER_MS;
        return;
    }
    clear(&c->head_bytes);
    c->scan = (struct head_scan){0};
    c->step = CONNECTION_HEAD;
    c->is_first = false;
    c->idle_since_ms = now_ms;
    c->deadline_ms = now_ms + IDLE_MS;
}

static void flush(struct connection *c, int64_t now_ms)
{
    while (c->out_at < c->out.bytes.count) {
        ssize_t sent =
            send(c->socket, c->out.bytes.at + c->out_at, c->out.bytes.count - c->out_at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            if (errno != EAGAIN)
                c->step = CONNECTION_CLOSED;
            return;
        }
        c->out_at += (uint32_t)sent;
    }
    if (c->step == CONNECTION_ANSWER)
        finish(c, now_ms);
}

void http_exchange_answer(struct exchange *exchange, const struct response *response)
{
    struct connection *c = connection_of(exchange);
    struct response said = *response;
    CHECK(!c->is_answered && c->step != CONNECTION_CLOSED && c->step != CONNECTION_LINGER);
    c->is_answered = true;
    c->is_last |= c->step != CONNECTION_WAITING; /* what is left of its body is not read */
    said.is_last = c->is_last;
    said.is_head_alone = str_equal(exchange->head.method, STR("HEAD"));
    response_print(&said, &c->out);
    c->step = CONNECTION_ANSWER;
}

/* After the handler was called: what it answered leaves. */
static void leave(struct connection *c, int64_t now_ms)
{
    if (c->step != CONNECTION_ANSWER)
        return;
    c->deadline_ms = now_ms + ANSWER_MS;
    flush(c, now_ms);
}

static void refuse(struct connection *c, unsigned status, struct str why, int64_t now_ms)
{
    end_exchange(c); /* of a body that turned out bad */
    c->exchange.head.method = (struct str){"", 0};
    handler_of(c)->refused(context_of(c), &c->exchange, status, why);
    CHECK(c->step == CONNECTION_ANSWER);
    leave(c, now_ms);
}

static void refuse_one_too_many(struct connection *c, int64_t now_ms)
{
    refuse(c, 503, STR("too many connections: send again later"), now_ms);
}

/* --- requests --- */

static unsigned status_of(enum head_outcome outcome)
{
    static const unsigned statuses[] = {
        [HEAD_BAD] = 400, [HEAD_TOO_LARGE] = 431, [HEAD_CODING_UNKNOWN] = 501, [HEAD_VERSION] = 505};
    return statuses[outcome];
}

static void end_request(struct connection *c, int64_t now_ms)
{
    c->step = CONNECTION_WAITING;
    c->deadline_ms = INT64_MAX;
    handler_of(c)->end(context_of(c), &c->exchange);
    leave(c, now_ms);
}

static void begin_request(struct connection *c, int64_t now_ms)
{
    const struct head *head = &c->exchange.head;
    bool has_body = head->is_chunked || head->length_bytes > 0;
    c->chunks = (struct chunks){0};
    c->body_left_bytes = head->length_bytes;
    c->is_last = !head->is_kept_alive;
    c->is_begun = true;
    c->step = has_body ? CONNECTION_BODY : CONNECTION_WAITING;
    c->deadline_ms = now_ms + request_ms_of(c);
    handler_of(c)->begin(context_of(c), &c->exchange);
    if (c->is_answered) {
        leave(c, now_ms);
    } else if (!has_body) {
        end_request(c, now_ms);
    } else if (head->is_continue_awaited) {
        static const char told[] = "HTTP/1.1 100 Continue\r\n\r\n";
        pack_raw(&c->out, told, sizeof told - 1);
        flush(c, now_ms);
    }
}

static struct str cut(struct str *bytes, uint32_t size)
{
    struct str front = {bytes->at, size};
    *bytes = (struct str){bytes->at + size, bytes->size - size};
    return front;
}

static void take_head(struct connection *c, struct str *bytes, int64_t now_ms)
{
    struct packer *head = &c->head_bytes;
    uint32_t before = head->bytes.count, room = CONNECTION_HEAD_BYTES - before;
    if (before == 0 && !c->is_first)
        c->deadline_ms = now_ms + request_ms_of(c);
    pack_raw(head, bytes->at, bytes->size < room ? bytes->size : room);
    enum head_outcome outcome = head_find_end(&c->scan, (struct str){head->bytes.at, head->bytes.count});
    if (outcome == HEAD_MORE && head->bytes.count == CONNECTION_HEAD_BYTES) {
        refuse(c, status_of(HEAD_TOO_LARGE), STR("head: expected fewer bytes"), now_ms);
        return;
    }
    cut(bytes, (outcome == HEAD_GOOD ? c->scan.at : head->bytes.count) - before);
    if (outcome == HEAD_MORE)
        return;
    struct str why = c->scan.why;
    if (outcome == HEAD_GOOD) {
        struct str text = {head->bytes.at + c->scan.begin, c->scan.at - c->scan.begin};
        outcome = head_parse(text, &c->exchange.head);
        why = c->exchange.head.why;
    }
    if (outcome == HEAD_GOOD)
        begin_request(c, now_ms);
    else
        refuse(c, status_of(outcome), why, now_ms);
}

static void take_length(struct connection *c, struct str *bytes, int64_t now_ms)
{
    bool is_end = c->body_left_bytes <= bytes->size;
    struct str piece = cut(bytes, is_end ? (uint32_t)c->body_left_bytes : bytes->size);
    c->body_left_bytes -= piece.size;
    handler_of(c)->piece(context_of(c), &c->exchange, piece);
    if (is_end)
        end_request(c, now_ms);
}

static void take_chunk(struct connection *c, struct str *bytes, int64_t now_ms)
{
    struct str piece;
    switch (chunks_take(&c->chunks, bytes, &piece)) {
    case CHUNKS_MORE:
        return;
    case CHUNKS_DATA:
        handler_of(c)->piece(context_of(c), &c->exchange, piece);
        return;
    case CHUNKS_END:
        end_request(c, now_ms);
        return;
    case CHUNKS_BAD:
        refuse(c, status_of(HEAD_BAD), STR("body: expected chunks"), now_ms);
        return;
    }
    CHECK_NEVER("an outcome of chunks");
}

/* What comes behind a request that is under way waits for its answer. */
static void take_bytes(struct connection *c, struct str bytes, int64_t now_ms)
{
    if (c->is_refused && c->step == CONNECTION_HEAD)
        refuse_one_too_many(c, now_ms);
    while (bytes.size > 0 && (c->step == CONNECTION_HEAD || c->step == CONNECTION_BODY)) {
        if (c->step == CONNECTION_HEAD)
            take_head(c, &bytes, now_ms);
        else if (c->exchange.head.is_chunked)
            take_chunk(c, &bytes, now_ms);
        else
            take_length(c, &bytes, now_ms);
    }
    if (bytes.size > 0 && !c->is_last && c->step != CONNECTION_CLOSED)
        pack_raw(&c->pending, bytes.at, bytes.size);
}

/* What had to wait. */
static void take_pending(struct connection *c, int64_t now_ms)
{
    if (c->step != CONNECTION_HEAD || c->pending.bytes.count == 0)
        return;
    struct packer pending = c->pending;
    c->pending = (struct packer){0};
    take_bytes(c, (struct str){pending.bytes.at, pending.bytes.count}, now_ms);
    vec_release(&pending.bytes);
}

/* --- what the server calls --- */

uint32_t connection_polls_for(const struct connection *c)
{
    bool reads = c->step == CONNECTION_HEAD || c->step == CONNECTION_BODY || c->step == CONNECTION_LINGER;
    return (reads ? (uint32_t)EPOLLIN : 0) | (c->out_at < c->out.bytes.count ? (uint32_t)EPOLLOUT : 0);
}

void connection_read(struct connection *c, int64_t now_ms)
{
    ssize_t got = recv(c->socket, c->shared->read, sizeof c->shared->read, 0);
    if (got > 0 && c->step != CONNECTION_LINGER)
        take_bytes(c, (struct str){c->shared->read, (uint32_t)got}, now_ms);
    else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        c->step = CONNECTION_CLOSED;
}

void connection_write(struct connection *c, int64_t now_ms)
{
    flush(c, now_ms);
    take_pending(c, now_ms);
}

void connection_wake(struct connection *c, int64_t now_ms)
{
    CHECK(c->step == CONNECTION_WAITING);
    handler_of(c)->woken(context_of(c), &c->exchange);
    leave(c, now_ms);
    take_pending(c, now_ms);
}

void connection_expire(struct connection *c, int64_t now_ms)
{
    if (c->is_refused && c->step == CONNECTION_HEAD) {
        refuse_one_too_many(c, now_ms);
        return;
    }
    if (!connection_is_idle(c) && c->step != CONNECTION_LINGER)
        metric_add(c->shared->config->cut_off, 1);
    c->step = CONNECTION_CLOSED;
}

bool connection_is_idle(const struct connection *c)
{
    return c->step == CONNECTION_HEAD && c->head_bytes.bytes.count == 0 && !c->is_refused;
}

void http_exchange_wake(struct exchange *exchange)
{
    struct connection *c = connection_of(exchange);
    c->shared->wake(c->shared->server, c);
}
