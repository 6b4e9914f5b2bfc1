#include "collectors/http_source.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "collectors/core/answer.h"
#include "collectors/deadlines.h"
#include "collectors/http_body.h"
#include "collectors/http_form.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/file.h"
#include "lib/io/http.h"
#include "lib/io/listener.h"

enum {
    ANSWER_MS = 30000, /* for a client to take its answer */
    IDLE_MS = 60000,   /* between two requests of a connection, the second one's head included */
    LAST_ANSWERS_MS = 500,
    TOKEN_BYTES_MAX = 1 << 20,
    CONNECTION_BYTES = 64 * 1024,
};

struct http_source {
    struct http_source_options options;
    struct http_body_limits limits;
    struct metric *metrics;
    struct latency *latencies;
    struct sender *sender;
    struct MHD_Daemon *daemon;
    uint16_t port;
    struct deadlines *deadlines;
    struct acceptor *acceptor;
    struct packer tokens;
    _Atomic int calls;
};

/* Answers that are always the same. */
enum fixed {
    FIXED_NONE,
    FIXED_OPTIONS,
    FIXED_HANDSHAKE,
    FIXED_TOKEN,
    FIXED_PATH,
    FIXED_METHOD,
    FIXED_SIZE,
    FIXED_TYPE,
    FIXED_CODING,
    FIXED_CORRUPT,
    FIXED_TRAILING,
    FIXED_TRUNCATED,
    FIXED_NOT_NOW,
};

/* One request under way; the server's thread alone touches it. */
struct call {
    struct http_source *source;
    struct deadline *deadline; /* its connection's */
    int64_t begun_us;          /* monotonic */
    enum http_form form;
    struct http_body body;
    enum fixed fixed;        /* the answer that it will have, whatever else comes */
    struct request *request; /* NULL until its events went to the sender */
};

static int64_t clock_us(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return now.tv_sec * (int64_t)SECOND_US + now.tv_nsec / 1000;
}

/* --- answers --- */

#define METHODS "POST, OPTIONS"

static const struct fixed_answer {
    unsigned status;
    const char *detail; /* NULL: it has no body */
    struct http_header headers[4];
} fixed_answers[] = {
    [FIXED_OPTIONS] = {MHD_HTTP_OK, NULL, {{"Allow", METHODS}}},
    [FIXED_HANDSHAKE] = {MHD_HTTP_OK,
                         NULL,
                         {{"Allow", METHODS},
                          {"WebHook-Allowed-Origin", "*"},
                          {"WebHook-Allowed-Rate", "*"}}},
    [FIXED_TOKEN] = {MHD_HTTP_UNAUTHORIZED,
                     "expected a known bearer token",
                     {{"WWW-Authenticate", "Bearer"}}},
    [FIXED_PATH] = {MHD_HTTP_NOT_FOUND, "expected POST /v1/events", {{NULL, NULL}}},
    [FIXED_METHOD] = {MHD_HTTP_METHOD_NOT_ALLOWED, "expected POST", {{"Allow", METHODS}}},
    [FIXED_SIZE] = {MHD_HTTP_CONTENT_TOO_LARGE, "expected fewer events, or a smaller body", {{NULL, NULL}}},
    [FIXED_TYPE] = {MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                    ("expected application/cloudevents+json, application/cloudevents-batch+json, "
                     "or the binary mode with application/json"),
                    {{NULL, NULL}}},
    [FIXED_CODING] = {MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                      "expected a body as it is, or Content-Encoding: gzip, once",
                      {{"Accept-Encoding", "gzip"}}},
    [FIXED_CORRUPT] = {MHD_HTTP_BAD_REQUEST, "gzip: no gzip, or a damaged one", {{NULL, NULL}}},
    [FIXED_TRAILING] = {MHD_HTTP_BAD_REQUEST, "gzip: something else follows its end", {{NULL, NULL}}},
    [FIXED_TRUNCATED] = {MHD_HTTP_BAD_REQUEST, "gzip: the body ends before it does", {{NULL, NULL}}},
    [FIXED_NOT_NOW] = {MHD_HTTP_SERVICE_UNAVAILABLE,
                       "not durable: send again under the same identity",
                       {{"Retry-After", "1"}}},
};

static enum http_source_metric metric_of(unsigned status)
{
    if (status == MHD_HTTP_OK)
        return HTTP_ANSWERS_200;
    if (status == MHD_HTTP_ACCEPTED)
        return HTTP_ANSWERS_202;
    return status < 500 ? HTTP_ANSWERS_4XX : HTTP_ANSWERS_503;
}

/* What has no body has no Content-Type either. */
static http_result answer(struct call *call, struct MHD_Connection *connection, unsigned status,
                          const struct packer *body, const struct http_header *headers)
{
    struct str text = {body->bytes.at, body->bytes.count};
    const char *type = status == MHD_HTTP_OK ? "application/json" : "application/problem+json";
    metric_add(&call->source->metrics[metric_of(status)], 1);
    latency_observe(&call->source->latencies[HTTP_REQUEST], clock_us(CLOCK_MONOTONIC) - call->begun_us);
    deadline_set(call->source->deadlines, call->deadline, ANSWER_MS);
    return http_answer(connection, status, text.size == 0 ? NULL : type, text, headers);
}

static http_result answer_problem_of(struct call *call, struct MHD_Connection *connection, unsigned status,
                                     struct str detail, const struct packer *rejected,
                                     const struct http_header *headers)
{
    struct packer body = {0};
    answer_problem(&body, status, MHD_get_reason_phrase_for(status), detail, rejected);
    http_result result = answer(call, connection, status, &body, headers);
    vec_release(&body.bytes);
    return result;
}

static http_result answer_fixed(struct call *call, struct MHD_Connection *connection, enum fixed fixed)
{
    const struct fixed_answer *says = &fixed_answers[fixed];
    CHECK(fixed != FIXED_NONE);
    if (says->detail == NULL)
        return answer(call, connection, says->status, &(struct packer){0}, says->headers);
    return answer_problem_of(call, connection, says->status, str_of(says->detail), NULL, says->headers);
}

static http_result answer_request(struct call *call, struct MHD_Connection *connection)
{
    const struct request *request = call->request;
    if (atomic_load(&request->verdict) != REQUEST_DURABLE)
        return answer_fixed(call, connection, FIXED_NOT_NOW);
    struct packer body = {0};
    metric_add(&call->source->metrics[HTTP_ACCEPTED], (int64_t)request->accepted_count);
    /* Who prefers a reply would take a body for an event. */
    if (call->form != HTTP_FORM_BATCH && http_form_prefers_reply(connection))
        return answer(call, connection, MHD_HTTP_ACCEPTED, &body, NULL);
    answer_accepted(&body, request->accepted_count, &request->rejected);
    http_result result = answer(call, connection, MHD_HTTP_OK, &body, NULL);
    vec_release(&body.bytes);
    return result;
}

void http_source_answer(struct request *request)
{
    MHD_resume_connection(request->connection);
}

/* --- events --- */

struct taking {
    struct call *call;
    struct request *request;
    struct horizons horizons;
    struct str first_reason;
    uint64_t rejected;
};

static void take_event(void *context, size_t index, const struct record *record,
                       const struct rejection *rejection)
{
    struct taking *taking = context;
    struct rejection late = {0};
    if (index >= (size_t)taking->call->source->options.batch_events) {
        taking->call->fixed = FIXED_SIZE;
        return;
    }
    if (record != NULL) {
        late.reason = lateness_reason(record, &taking->horizons, taking->request->clock_us);
        late.id = record->id;
        if (late.reason.size == 0) {
            batch_add(&taking->request->accepted, record);
            taking->request->accepted_count++;
            return;
        }
        rejection = &late;
    }
    if (taking->rejected++ == 0)
        taking->first_reason = rejection->reason;
    answer_add_rejected(&taking->request->rejected, index, rejection);
}

static void accept_binary_of(struct taking *taking, struct MHD_Connection *connection, struct str body)
{
    struct http_attributes attributes;
    struct record record;
    struct rejection rejection = {0};
    http_form_attributes(connection, &attributes);
    bool good = accept_binary(taking->call->source->acceptor, &attributes.event, body, &record, &rejection);
    take_event(taking, 0, good ? &record : NULL, &rejection);
    http_form_release(&attributes);
}

static void accept_body(struct taking *taking, struct MHD_Connection *connection)
{
    struct call *call = taking->call;
    struct acceptor *acceptor = call->source->acceptor;
    const struct packer *plain = &call->body.plain;
    struct str body = {plain->bytes.at == NULL ? "" : plain->bytes.at, plain->bytes.count};
    struct record record;
    struct rejection rejection = {0};
    switch (call->form) {
    case HTTP_FORM_BATCH:
        if (!accept_batch(acceptor, body, take_event, taking, &rejection))
            taking->first_reason = rejection.reason;
        return;
    case HTTP_FORM_EVENT: {
        bool good = accept_event(acceptor, body, &record, &rejection);
        take_event(taking, 0, good ? &record : NULL, &rejection);
        return;
    }
    case HTTP_FORM_BINARY:
        accept_binary_of(taking, connection, body);
        return;
    case HTTP_FORM_NONE:
        break;
    }
    CHECK_NEVER("a form");
}

/* --- bodies --- */

static enum fixed fixed_of(enum http_body_outcome outcome)
{
    static const enum fixed fixed[] = {
        [HTTP_BODY_GOOD] = FIXED_NONE,         [HTTP_BODY_TOO_LARGE] = FIXED_SIZE,
        [HTTP_BODY_NO_ROOM] = FIXED_NOT_NOW,   [HTTP_BODY_CORRUPT] = FIXED_CORRUPT,
        [HTTP_BODY_TRAILING] = FIXED_TRAILING, [HTTP_BODY_TRUNCATED] = FIXED_TRUNCATED,
    };
    return fixed[outcome];
}

/* A piece of the body. What has its answer already is read on and dropped, so that the client gets it. */
static void take_piece(struct call *call, struct str piece)
{
    const struct http_body_limits *limits = &call->source->limits;
    if (call->fixed == FIXED_NONE)
        call->fixed = fixed_of(http_body_take(&call->body, piece, limits));
    if (call->fixed != FIXED_NONE)
        http_body_release(&call->body, limits);
}

/* Nothing to wait for: every event was rejected, or there is none. */
static http_result answer_rejected(struct taking *taking, struct MHD_Connection *connection)
{
    struct call *call = taking->call;
    bool empty_batch = call->form == HTTP_FORM_BATCH && taking->first_reason.at == NULL;
    atomic_store(&call->request->verdict, REQUEST_DURABLE);
    if (empty_batch)
        return answer_request(call, connection);
    return answer_problem_of(call, connection, MHD_HTTP_BAD_REQUEST, taking->first_reason,
                             taking->rejected > 0 ? &call->request->rejected : NULL, NULL);
}

/* The whole body is here. */
static http_result take_body(struct call *call, struct MHD_Connection *connection)
{
    struct http_source *source = call->source;
    if (call->fixed == FIXED_NONE)
        call->fixed = fixed_of(http_body_end(&call->body, &source->limits));
    if (call->fixed == FIXED_NONE && !sender_ready(source->sender))
        call->fixed = FIXED_NOT_NOW;
    if (call->fixed != FIXED_NONE)
        return answer_fixed(call, connection, call->fixed);
    struct request *request = call->request = request_new(&source->metrics[HTTP_HELD_BYTES]);
    struct taking taking = {call, request, sender_horizons(source->sender), {NULL, 0}, 0};
    request->clock_us = clock_us(CLOCK_REALTIME);
    accept_body(&taking, connection);
    if (call->fixed != FIXED_NONE)
        return answer_fixed(call, connection, call->fixed);
    metric_add(&source->metrics[HTTP_REJECTED], (int64_t)taking.rejected);
    if (request->accepted_count == 0)
        return answer_rejected(&taking, connection);
    http_body_release(&call->body, &source->limits);
    request_charge(request);
    request->connection = connection;
    deadline_set(source->deadlines, call->deadline, DEADLINE_NONE);
    MHD_suspend_connection(connection);
    if (!sender_submit(source->sender, request)) {
        atomic_store(&request->verdict, REQUEST_UNAVAILABLE);
        MHD_resume_connection(connection);
    }
    return MHD_YES;
}

/* --- requests --- */

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool authorized(const struct http_source *source, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    if (source->options.token_file[0] == 0)
        return true;
    const char *header = header_of(connection, "Authorization");
    if (header == NULL || strncasecmp(header, scheme, strlen(scheme)) != 0)
        return false;
    return http_form_token_known((struct str){source->tokens.bytes.at, source->tokens.bytes.count},
                                 str_of(header + strlen(scheme)));
}

/* The answer that a request has by its head alone. */
static enum fixed answer_to_head(struct call *call, struct MHD_Connection *connection, const char *url,
                                 const char *method)
{
    const struct http_source *source = call->source;
    if (strcmp(url, "/v1/events") != 0)
        return FIXED_PATH;
    if (strcmp(method, "OPTIONS") == 0) {
        const char *origin = header_of(connection, "WebHook-Request-Origin");
        return origin != NULL && origin[0] != 0 ? FIXED_HANDSHAKE : FIXED_OPTIONS;
    }
    if (strcmp(method, "POST") != 0)
        return FIXED_METHOD;
    if (!authorized(source, connection))
        return FIXED_TOKEN;
    call->form = http_form_of(connection);
    if (call->form == HTTP_FORM_NONE)
        return FIXED_TYPE;
    call->body.coding = http_form_coding(connection);
    if (call->body.coding == CODING_OTHER)
        return FIXED_CODING;
    const char *length = header_of(connection, "Content-Length");
    if (length != NULL && strtoull(length, NULL, 10) > (uint64_t)source->options.body_bytes)
        return FIXED_SIZE;
    return FIXED_NONE;
}

static http_result begin_call(struct http_source *source, struct MHD_Connection *connection, const char *url,
                              const char *method, void **context)
{
    struct call *call = calloc(1, sizeof *call);
    CHECK(call != NULL);
    *context = call;
    atomic_fetch_add(&source->calls, 1);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    call->source = source;
    call->begun_us = clock_us(CLOCK_MONOTONIC);
    call->deadline = info->socket_context;
    deadline_set(source->deadlines, call->deadline, (int32_t)source->options.request_ms);
    call->fixed = answer_to_head(call, connection, url, method);
    /* Who asks first is told first; others are sending already. */
    if (call->fixed != FIXED_NONE && header_of(connection, "Expect") != NULL)
        return answer_fixed(call, connection, call->fixed);
    return MHD_YES;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **call_context)
{
    (void)version;
    if (*call_context == NULL)
        return begin_call(context, connection, url, method, call_context);
    struct call *call = *call_context;
    if (*upload_size > 0) {
        take_piece(call, (struct str){upload, (uint32_t)*upload_size});
        *upload_size = 0;
        return MHD_YES;
    }
    return call->request != NULL ? answer_request(call, connection) : take_body(call, connection);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **call_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)connection, (void)code;
    struct http_source *source = context;
    struct call *call = *call_context;
    if (call == NULL)
        return;
    deadline_set(source->deadlines, call->deadline, IDLE_MS);
    http_body_release(&call->body, &source->limits);
    if (call->request != NULL)
        request_let_go(call->request);
    free(call);
    *call_context = NULL;
    atomic_fetch_sub(&source->calls, 1);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_source *source = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        deadline_free(source->deadlines, *socket_context);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = deadline_new(source->deadlines, info->connect_fd, (int32_t)source->options.request_ms);
}

/* --- life --- */

static bool start_daemon(struct http_source *source, struct error *error)
{
    const struct http_source_options *o = &source->options;
    int listening = listener_open(&(struct listener_place){o->address, o->port, o->port_file}, error);
    if (listening < 0)
        return false;
    source->port = listener_port(listening);
    source->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
                         source, MHD_OPTION_LISTEN_SOCKET, listening, MHD_OPTION_NOTIFY_CONNECTION,
                         on_connection, source, MHD_OPTION_NOTIFY_COMPLETED, on_completed, source,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->connections,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    if (source->daemon != NULL)
        return true;
    error_set(error, ERROR_FATAL, o->address, "the HTTP server does not start");
    close(listening);
    return false;
}

static bool read_tokens(struct http_source *source, struct error *error)
{
    const char *path = source->options.token_file;
    if (path[0] == 0 || file_read(path, TOKEN_BYTES_MAX, &source->tokens))
        return true;
    error_set(error, ERROR_FATAL, path, strerror(errno));
    return false;
}

struct http_source *http_source_start(const struct http_source_options *options,
                                      struct metric metrics[HTTP_METRICS],
                                      struct latency latencies[HTTP_LATENCIES], struct sender *sender,
                                      struct error *error)
{
    struct http_source *source = calloc(1, sizeof *source);
    CHECK(source != NULL);
    source->options = *options;
    source->limits =
        (struct http_body_limits){options->body_bytes, options->held_bytes, &metrics[HTTP_HELD_BYTES]};
    source->metrics = metrics;
    source->latencies = latencies;
    source->sender = sender;
    source->acceptor = acceptor_new();
    source->deadlines = deadlines_new(&metrics[HTTP_CUT_OFF]);
    if (read_tokens(source, error) && start_daemon(source, error))
        return source;
    http_source_stop(source);
    return NULL;
}

uint16_t http_source_port(const struct http_source *source)
{
    return source->port;
}

static void stop_daemon(struct http_source *source)
{
    int listening = MHD_quiesce_daemon(source->daemon);
    for (int ms = 0; ms < LAST_ANSWERS_MS && atomic_load(&source->calls) > 0; ms += 10)
        nanosleep(&(struct timespec){0, 10 * 1000000L}, NULL);
    MHD_stop_daemon(source->daemon);
    if (listening != MHD_INVALID_SOCKET)
        close(listening);
}

void http_source_stop(struct http_source *source)
{
    if (source == NULL)
        return;
    if (source->daemon != NULL)
        stop_daemon(source);
    deadlines_free(source->deadlines);
    acceptor_free(source->acceptor);
    vec_release(&source->tokens.bytes);
    free(source);
}
