#include "collectors/http_source.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#include "collectors/core/answer.h"
#include "collectors/http_form.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/file.h"
#include "lib/io/http.h"

enum {
    REQUEST_MS = 10000, /* a whole request must be here by then */
    IDLE_MS = 15000,    /* a connection without a request under way */
    RETRY_AFTER_S = 1,
    TOKEN_BYTES_MAX = 1 << 20,
};

/* A connection, as the reaper sees it. */
struct line {
    int fd;
    int64_t since_ms; /* begun, or answered last */
    bool busy;        /* a request's header is here */
    struct line *next;
    struct line *previous;
};

/* One request under way; the server's thread alone touches it. */
struct call {
    struct http_source *source;
    struct line *line;
    int64_t begun_ms;
    enum http_form form;
    struct packer body;
    bool too_large;
    bool too_much;
    struct request *request; /* NULL until its events went to the sender */
};

struct http_source {
    struct http_source_options options;
    struct metric *metrics;
    struct sender *sender;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    struct packer tokens;
    int64_t held_bytes; /* of bodies; the server's thread */
    pthread_t reaper;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* of the lines */
    struct line *lines;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t realtime_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * (int64_t)SECOND_US + now.tv_nsec / 1000;
}

/* --- connections --- */

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_source *source = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        struct line *line = calloc(1, sizeof *line);
        CHECK(line != NULL);
        line->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        line->since_ms = now_ms();
        pthread_mutex_lock(&source->lock);
        line->next = source->lines;
        if (source->lines != NULL)
            source->lines->previous = line;
        source->lines = line;
        pthread_mutex_unlock(&source->lock);
        *socket_context = line;
        return;
    }
    struct line *line = *socket_context;
    pthread_mutex_lock(&source->lock);
    if (line->next != NULL)
        line->next->previous = line->previous;
    if (line->previous != NULL)
        line->previous->next = line->next;
    else
        source->lines = line->next;
    pthread_mutex_unlock(&source->lock);
    free(line);
}

static void mark_line(struct http_source *source, struct line *line, bool busy)
{
    pthread_mutex_lock(&source->lock);
    line->busy = busy;
    line->since_ms = now_ms();
    pthread_mutex_unlock(&source->lock);
}

/* Cuts off whoever holds a connection without getting a request through it. */
static void *reap(void *context)
{
    struct http_source *source = context;
    while (!atomic_load(&source->stopping)) {
        nanosleep(&(struct timespec){0, 250 * 1000000}, NULL);
        int64_t now = now_ms();
        pthread_mutex_lock(&source->lock);
        for (struct line *line = source->lines; line != NULL; line = line->next) {
            if (line->busy || now - line->since_ms < IDLE_MS)
                continue;
            shutdown(line->fd, SHUT_RDWR);
            line->since_ms = now;
            metric_add(&source->metrics[HTTP_CUT_OFF], 1);
        }
        pthread_mutex_unlock(&source->lock);
    }
    return NULL;
}

/* --- answers --- */

static http_result answer(struct http_source *source, struct MHD_Connection *connection, unsigned status,
                          const struct packer *body)
{
    enum http_source_metric metric = status == MHD_HTTP_OK ? HTTP_ANSWERS_200
                                     : status < 500        ? HTTP_ANSWERS_4XX
                                                           : HTTP_ANSWERS_503;
    metric_add(&source->metrics[metric], 1);
    return http_answer(connection, status,
                       status == MHD_HTTP_OK ? "application/json" : "application/problem+json",
                       (struct str){body->bytes.at, body->bytes.count},
                       status == MHD_HTTP_SERVICE_UNAVAILABLE ? RETRY_AFTER_S : 0);
}

static http_result answer_problem_with(struct http_source *source, struct MHD_Connection *connection,
                                       unsigned status, struct str detail, const struct packer *rejected)
{
    struct packer body = {0};
    answer_problem(&body, status, MHD_get_reason_phrase_for(status), detail, rejected);
    http_result result = answer(source, connection, status, &body);
    vec_release(&body.bytes);
    return result;
}

static http_result refuse(struct http_source *source, struct MHD_Connection *connection, unsigned status,
                          const char *detail)
{
    return answer_problem_with(source, connection, status, str_of(detail), NULL);
}

static http_result answer_request(struct http_source *source, struct MHD_Connection *connection,
                                  const struct request *request)
{
    if (atomic_load(&request->verdict) != REQUEST_DURABLE)
        return refuse(source, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                      "not durable in time: send again under the same identity");
    struct packer body = {0};
    metric_add(&source->metrics[HTTP_ACCEPTED], (int64_t)request->accepted_count);
    answer_accepted(&body, request->accepted_count, &request->rejected);
    http_result result = answer(source, connection, MHD_HTTP_OK, &body);
    vec_release(&body.bytes);
    return result;
}

void http_source_answer(struct request *request)
{
    MHD_resume_connection(request->connection);
}

/* --- events --- */

struct taking {
    struct http_source *source;
    struct request *request;
    struct horizons horizons;
    int64_t clock_us;
    struct str first_reason;
    uint64_t rejected;
};

static void take_event(void *context, size_t index, const struct record *record,
                       const struct rejection *rejection)
{
    struct taking *taking = context;
    struct rejection late = {0};
    if (record != NULL) {
        late.reason = lateness_reason(record, &taking->horizons, taking->clock_us);
        late.id = record->id;
        if (late.reason.size == 0) {
            batch_add(&taking->request->accepted, record);
            taking->request->accepted_count++;
            return;
        }
        rejection = &late;
    }
    metric_add(&taking->source->metrics[HTTP_REJECTED], 1);
    if (taking->rejected++ == 0)
        taking->first_reason = rejection->reason;
    answer_add_rejected(&taking->request->rejected, index, rejection);
}

static void accept_body(struct call *call, struct MHD_Connection *connection, struct taking *taking)
{
    struct acceptor *acceptor = taking->source->acceptor;
    struct str body = {call->body.bytes.at == NULL ? "" : call->body.bytes.at, call->body.bytes.count};
    struct record record;
    struct rejection rejection = {0};
    bool good = true;
    switch (call->form) {
    case HTTP_FORM_BATCH:
        if (!accept_batch(acceptor, body, take_event, taking, &rejection))
            taking->first_reason = rejection.reason;
        return;
    case HTTP_FORM_EVENT:
        good = accept_event(acceptor, body, &record, &rejection);
        break;
    case HTTP_FORM_BINARY: {
        struct http_attributes attributes;
        http_form_attributes(connection, &attributes);
        good = accept_binary(acceptor, &attributes.event, body, &record, &rejection);
        take_event(taking, 0, good ? &record : NULL, &rejection);
        http_form_release(&attributes);
        return;
    }
    case HTTP_FORM_NONE:
        CHECK(!"a form");
    }
    take_event(taking, 0, good ? &record : NULL, &rejection);
}

/* The whole body is here. */
static http_result take_body(struct call *call, struct MHD_Connection *connection)
{
    struct http_source *source = call->source;
    if (call->too_large)
        return refuse(source, connection, MHD_HTTP_CONTENT_TOO_LARGE, "expected a smaller body");
    if (call->too_much || !sender_ready(source->sender))
        return refuse(source, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                      "not now: send again under the same identity");
    struct request *request = request_new();
    struct taking taking = {source, request, sender_horizons(source->sender), realtime_us(), {NULL, 0}, 0};
    call->request = request;
    accept_body(call, connection, &taking);
    if (request->accepted_count == 0) {
        bool empty_batch = call->form == HTTP_FORM_BATCH && taking.first_reason.at == NULL;
        atomic_store(&request->verdict, REQUEST_DURABLE);
        if (empty_batch)
            return answer_request(source, connection, request);
        return answer_problem_with(source, connection, MHD_HTTP_BAD_REQUEST, taking.first_reason,
                                   taking.rejected > 0 ? &request->rejected : NULL);
    }
    request->connection = connection;
    MHD_suspend_connection(connection);
    if (!sender_submit(source->sender, request)) {
        atomic_store(&request->verdict, REQUEST_UNAVAILABLE);
        MHD_resume_connection(connection);
    }
    return MHD_YES;
}

/* --- requests --- */

static bool authorized(const struct http_source *source, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    if (source->options.token_file[0] == 0)
        return true;
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0)
        return false;
    return http_form_token_known((struct str){source->tokens.bytes.at, source->tokens.bytes.count},
                                 str_of(header + strlen(scheme)));
}

/* What is wrong with a request by its head alone; 0: nothing. */
static unsigned wrong_with_head(struct call *call, struct MHD_Connection *connection, const char *url,
                                const char *method)
{
    const struct http_source *source = call->source;
    if (strcmp(url, "/v1/events") != 0)
        return MHD_HTTP_NOT_FOUND;
    if (strcmp(method, "POST") != 0)
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    if (!authorized(source, connection))
        return MHD_HTTP_UNAUTHORIZED;
    call->form = http_form_of(connection);
    if (call->form == HTTP_FORM_NONE)
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    if (length != NULL && strtoull(length, NULL, 10) > (uint64_t)source->options.body_bytes)
        return MHD_HTTP_CONTENT_TOO_LARGE;
    return 0;
}

static http_result begin_call(struct http_source *source, struct MHD_Connection *connection, const char *url,
                              const char *method, void **context)
{
    static const char *const details[] = {
        "expected POST /v1/events", "expected POST", "expected a known bearer token",
        ("expected application/cloudevents+json, application/cloudevents-batch+json, "
         "or the binary mode with application/json"),
        "expected a smaller body"};
    static const unsigned statuses[] = {MHD_HTTP_NOT_FOUND, MHD_HTTP_METHOD_NOT_ALLOWED,
                                        MHD_HTTP_UNAUTHORIZED, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                        MHD_HTTP_CONTENT_TOO_LARGE};
    struct call *call = calloc(1, sizeof *call);
    CHECK(call != NULL);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    *context = call;
    call->source = source;
    call->line = info->socket_context;
    call->begun_ms = now_ms();
    mark_line(source, call->line, true);
    unsigned wrong = wrong_with_head(call, connection, url, method);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (wrong == statuses[i])
            return refuse(source, connection, wrong, details[i]);
    return MHD_YES;
}

/* A piece of the body. Beyond a bound it is read on and dropped, so that the client gets its answer. */
static http_result take_piece(struct call *call, const char *piece, size_t size)
{
    struct http_source *source = call->source;
    if (now_ms() - call->begun_ms > REQUEST_MS) {
        metric_add(&source->metrics[HTTP_CUT_OFF], 1);
        return MHD_NO;
    }
    if (call->body.bytes.count + size > (size_t)source->options.body_bytes)
        call->too_large = true;
    if (source->held_bytes + (int64_t)size > source->options.held_bytes)
        call->too_much = true;
    if (call->too_large || call->too_much)
        return MHD_YES;
    pack_raw(&call->body, piece, size);
    source->held_bytes += (int64_t)size;
    metric_set(&source->metrics[HTTP_HELD_BYTES], source->held_bytes);
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **call_context)
{
    (void)version;
    struct http_source *source = context;
    if (*call_context == NULL)
        return begin_call(source, connection, url, method, call_context);
    struct call *call = *call_context;
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return take_piece(call, upload, size);
    }
    if (call->request != NULL)
        return answer_request(source, connection, call->request);
    return take_body(call, connection);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **call_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    struct http_source *source = context;
    struct call *call = *call_context;
    if (call == NULL)
        return;
    source->held_bytes -= call->body.bytes.count;
    metric_set(&source->metrics[HTTP_HELD_BYTES], source->held_bytes);
    mark_line(source, call->line, false);
    if (call->request != NULL)
        request_let_go(call->request);
    vec_release(&call->body.bytes);
    free(call);
    *call_context = NULL;
}

/* --- life --- */

static bool start_daemon(struct http_source *source)
{
    struct sockaddr_in address;
    const struct http_source_options *o = &source->options;
    if (!http_address(o->address, o->port, &address)) {
        errno = EINVAL;
        return false;
    }
    source->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, o->port, NULL, NULL, handle, source,
        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_CONNECTION, on_connection, source,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, source, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)o->connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(REQUEST_MS / 1000),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 * 1024, MHD_OPTION_END);
    return source->daemon != NULL;
}

struct http_source *http_source_start(const struct http_source_options *options,
                                      struct metric metrics[HTTP_METRICS], struct sender *sender)
{
    struct http_source *source = calloc(1, sizeof *source);
    CHECK(source != NULL);
    source->options = *options;
    source->metrics = metrics;
    source->sender = sender;
    pthread_mutex_init(&source->lock, NULL);
    bool tokens =
        options->token_file[0] == 0 || file_read(options->token_file, TOKEN_BYTES_MAX, &source->tokens);
    if (!tokens || !start_daemon(source)) {
        vec_release(&source->tokens.bytes);
        free(source);
        return NULL;
    }
    source->acceptor = acceptor_new();
    CHECK(pthread_create(&source->reaper, NULL, reap, source) == 0);
    if (options->port_file[0] == 0 || http_write_port(options->port_file, http_port(source->daemon)))
        return source;
    http_source_stop(source);
    return NULL;
}

uint16_t http_source_port(const struct http_source *source)
{
    return http_port(source->daemon);
}

void http_source_stop(struct http_source *source)
{
    if (source == NULL)
        return;
    atomic_store(&source->stopping, true);
    pthread_join(source->reaper, NULL);
    MHD_stop_daemon(source->daemon);
    acceptor_free(source->acceptor);
    vec_release(&source->tokens.bytes);
    free(source);
}
