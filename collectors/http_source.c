#include "collectors/http_source.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "collectors/core/answer.h"
#include "collectors/http_body.h"
#include "collectors/http_events.h"
#include "collectors/http_server.h"
#include "collectors/tokens.h"
#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/io/clock.h"
#include "lib/io/journal.h"
#include "lib/io/listener.h"

enum {
    LAST_ANSWERS_MS = 500,
    CODINGS_BYTES = 100,
};

struct http_source {
    struct http_source_options options;
    struct http_body_limits limits;
    struct metric *metrics;
    struct latency *latencies;
    struct sender *sender;
    struct http_server *server;
    uint16_t port;
    struct event_reader *reader;
    struct tokens tokens;
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
    struct exchange *exchange;
    int64_t begun_us; /* monotonic */
    enum http_form form;
    struct http_body body;
    enum fixed fixed;          /* the answer that it will have, whatever else comes */
    struct http_events events; /* without a submission until the body was read */
};

/* --- answers --- */

#define METHODS "POST, OPTIONS"

static const struct fixed_answer {
    unsigned status;
    const char *detail; /* NULL: it has no body */
    struct response_header headers[4];
} fixed_answers[] = {
    [FIXED_OPTIONS] = {200, NULL, {{"Allow", METHODS}}},
    [FIXED_HANDSHAKE] =
        {200, NULL, {{"Allow", METHODS}, {"WebHook-Allowed-Origin", "*"}, {"WebHook-Allowed-Rate", "*"}}},
    [FIXED_TOKEN] = {401, "expected a known bearer token", {{"WWW-Authenticate", "Bearer"}}},
    [FIXED_PATH] = {404, "expected POST /v1/events", {{NULL, NULL}}},
    [FIXED_METHOD] = {405, "expected POST", {{"Allow", METHODS}}},
    [FIXED_SIZE] = {413, "expected fewer events, or a smaller body", {{NULL, NULL}}},
    [FIXED_TYPE] = {415,
                    ("expected application/cloudevents+json, application/cloudevents-batch+json, "
                     "or the binary mode with application/json"),
                    {{NULL, NULL}}},
    [FIXED_CODING] = {415, "expected gzip once, or none", {{"Accept-Encoding", "gzip"}}},
    [FIXED_CORRUPT] = {400, "gzip: no gzip, or a damaged one", {{NULL, NULL}}},
    [FIXED_TRAILING] = {400, "gzip: something else follows its end", {{NULL, NULL}}},
    [FIXED_TRUNCATED] = {400, "gzip: the body ends before it does", {{NULL, NULL}}},
    [FIXED_NOT_NOW] = {503, "not durable: send again under the same identity", {{"Retry-After", "1"}}},
};

static enum http_source_metric metric_of(unsigned status)
{
    if (status == 200)
        return HTTP_ANSWERS_200;
    if (status == 202)
        return HTTP_ANSWERS_202;
    if (status == 503)
        return HTTP_ANSWERS_503;
    return status < 500 ? HTTP_ANSWERS_4XX : HTTP_ANSWERS_5XX;
}

/* What has no body has no Content-Type either. */
static void answer_with(struct http_source *source, struct exchange *exchange, unsigned status,
                        const struct packer *body, const struct response_header *headers)
{
    const char *type = status == 200 ? "application/json" : "application/problem+json";
    metric_add(&source->metrics[metric_of(status)], 1);
    http_exchange_answer(exchange, &(struct response){.status = status,
                                                      .content_type = body->bytes.count == 0 ? NULL : type,
                                                      .body = {body->bytes.at, body->bytes.count},
                                                      .headers = headers,
                                                      .now_s = clock_real_us() / SECOND_US});
}

static void answer(struct call *call, unsigned status, const struct packer *body,
                   const struct response_header *headers)
{
    latency_observe(&call->source->latencies[HTTP_REQUEST], clock_steady_us() - call->begun_us);
    answer_with(call->source, call->exchange, status, body, headers);
}

static void answer_problem_of(struct call *call, unsigned status, struct str detail,
                              const struct packer *rejected, const struct response_header *headers)
{
    struct packer body = {0};
    answer_problem(&body, status, response_reason(status), detail, rejected);
    answer(call, status, &body, headers);
    vec_release(&body.bytes);
}

static void answer_coding(struct call *call)
{
    char codings[CODINGS_BYTES], detail[CODINGS_BYTES + 100];
    const struct fixed_answer *says = &fixed_answers[FIXED_CODING];
    http_form_coding_text(&call->exchange->head, codings, sizeof codings);
    snprintf(detail, sizeof detail, "Content-Encoding: %s, found %s", says->detail, codings);
    answer_problem_of(call, says->status, str_of(detail), NULL, says->headers);
}

static void answer_fixed(struct call *call, enum fixed fixed)
{
    const struct fixed_answer *says = &fixed_answers[fixed];
    CHECK(fixed != FIXED_NONE);
    if (fixed == FIXED_CODING)
        answer_coding(call);
    else if (says->detail == NULL)
        answer(call, says->status, &(struct packer){0}, says->headers);
    else
        answer_problem_of(call, says->status, str_of(says->detail), NULL, says->headers);
}

static void count_events(struct call *call)
{
    struct metric *metrics = call->source->metrics;
    metric_add(&metrics[HTTP_ACCEPTED], (int64_t)call->events.submission->accepted_count);
    metric_add(&metrics[HTTP_REJECTED], (int64_t)call->events.rejected_count);
    for (int i = 0; i < REFUSAL_COUNT; i++)
        metric_add(&metrics[HTTP_REFUSED + i], call->events.refused[i]);
}

/* Every event was refused, or the body is no list of events. */
static void answer_refused(struct call *call)
{
    const struct packer *reason = &call->events.first_reason;
    answer_problem_of(call, 400, (struct str){reason->bytes.at, reason->bytes.count},
                      call->events.rejected_count > 0 ? &call->events.rejected : NULL, NULL);
}

/* What became of the events stands for good. */
static void answer_events(struct call *call)
{
    uint64_t accepted = call->events.submission->accepted_count;
    struct packer body = {0};
    count_events(call);
    if (accepted == 0 && call->events.first_reason.bytes.count > 0) {
        answer_refused(call);
        return;
    }
    /* Who prefers a reply would take a body for an event. */
    if (call->form != HTTP_FORM_BATCH && http_form_prefers_reply(&call->exchange->head)) {
        answer(call, 202, &body, NULL);
        return;
    }
    answer_accepted(&body, accepted, &call->events.rejected);
    answer(call, 200, &body, NULL);
    vec_release(&body.bytes);
}

static void answer_verdict(struct call *call)
{
    if (atomic_load(&call->events.submission->verdict) == VERDICT_DURABLE)
        answer_events(call);
    else
        answer_fixed(call, FIXED_NOT_NOW);
}

static void on_told(struct submission *submission)
{
    http_exchange_wake(submission->context);
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

static struct str address_of(const struct exchange *exchange, char text[INET6_ADDRSTRLEN])
{
    const struct in6_addr *address = &exchange->address;
    bool is_v4 = IN6_IS_ADDR_V4MAPPED(address);
    const void *bytes = is_v4 ? &address->s6_addr[12] : &address->s6_addr[0];
    return inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, text, INET6_ADDRSTRLEN) == NULL ? STR("")
                                                                                        : str_of(text);
}

static void take_events(struct call *call)
{
    struct http_source *source = call->source;
    struct http_attributes attributes = {0};
    char address[INET6_ADDRSTRLEN];
    const struct packer *plain = &call->body.plain;
    struct http_body_of_events body = {
        .form = call->form,
        .text = {plain->bytes.at == NULL ? "" : plain->bytes.at, plain->bytes.count},
        .attributes = &attributes.event,
        .sender = address_of(call->exchange, address),
        .horizons = sender_horizons(source->sender),
    };
    if (call->form == HTTP_FORM_BINARY)
        http_form_attributes(&call->exchange->head, &attributes);
    struct submission *submission = call->events.submission =
        submission_new(&source->metrics[HTTP_HELD_BYTES]);
    submission->clock_us = clock_real_us();
    submission->judged_ms = clock_steady_us() / 1000;
    http_events_take(&call->events, source->reader, &body);
    if (call->form == HTTP_FORM_BINARY)
        http_form_release(&attributes);
}

/* Waits for the sender's verdict, and is answered then. */
static void submit(struct call *call)
{
    struct submission *submission = call->events.submission;
    submission->told = on_told;
    submission->context = call->exchange;
    if (sender_submit(call->source->sender, submission))
        return;
    atomic_store(&submission->verdict, VERDICT_UNAVAILABLE);
    answer_verdict(call);
}

/* The whole body is here. */
static void take_body(struct call *call)
{
    struct http_source *source = call->source;
    take_events(call);
    if (call->events.too_many) {
        answer_fixed(call, FIXED_SIZE);
        return;
    }
    struct submission *submission = call->events.submission;
    http_body_release(&call->body, &source->limits);
    submission_charge(submission, call->events.rejected.bytes.count);
    if (submission->accepted_count > 0 || submission->is_in_doubt) {
        submit(call);
        return;
    }
    /* Nothing to wait for: it is refused for good, or there was nothing. */
    sender_keep(source->sender, submission);
    answer_events(call);
}

/* --- requests --- */

static bool authorized(const struct http_source *source, const struct head *head)
{
    static const char scheme[] = "Bearer ";
    struct str value = head_value(head, "Authorization");
    uint32_t size = sizeof scheme - 1;
    if (source->options.token_file[0] == 0)
        return true;
    if (value.size < size || !head_name_is((struct str){value.at, size}, scheme))
        return false;
    return tokens_know(&source->tokens, (struct str){value.at + size, value.size - size});
}

/* The answer that a request has by its head alone. */
static enum fixed answer_to_head(struct call *call)
{
    const struct http_source *source = call->source;
    const struct head *head = &call->exchange->head;
    if (!str_equal(head->path, STR("/v1/events")))
        return FIXED_PATH;
    if (str_equal(head->method, STR("OPTIONS")))
        return head_value(head, "WebHook-Request-Origin").size > 0 ? FIXED_HANDSHAKE : FIXED_OPTIONS;
    if (!str_equal(head->method, STR("POST")))
        return FIXED_METHOD;
    if (!authorized(source, head))
        return FIXED_TOKEN;
    call->form = http_form_of(head);
    if (call->form == HTTP_FORM_NONE)
        return FIXED_TYPE;
    call->body.coding = http_form_coding(head);
    if (call->body.coding == CODING_OTHER)
        return FIXED_CODING;
    return head->length_bytes > source->options.body_bytes ? FIXED_SIZE : FIXED_NONE;
}

static void on_begin(void *context, struct exchange *exchange)
{
    struct http_source *source = context;
    struct call *call = calloc(1, sizeof *call);
    CHECK(call != NULL);
    exchange->call = call;
    atomic_fetch_add(&source->calls, 1);
    call->source = source;
    call->exchange = exchange;
    call->begun_us = clock_steady_us();
    call->fixed = answer_to_head(call);
    /* Who asks first is told first; others are sending already. */
    if (call->fixed != FIXED_NONE && exchange->head.is_continue_awaited)
        answer_fixed(call, call->fixed);
}

/* What has its answer already is read on and dropped, so that the client gets it. */
static void on_piece(void *context, struct exchange *exchange, struct str piece)
{
    const struct http_body_limits *limits = &((struct http_source *)context)->limits;
    struct call *call = exchange->call;
    if (call->fixed == FIXED_NONE)
        call->fixed = fixed_of(http_body_take(&call->body, piece, limits));
    if (call->fixed != FIXED_NONE)
        http_body_release(&call->body, limits);
}

static void on_end(void *context, struct exchange *exchange)
{
    struct http_source *source = context;
    struct call *call = exchange->call;
    if (call->fixed == FIXED_NONE)
        call->fixed = fixed_of(http_body_end(&call->body, &source->limits));
    if (call->fixed == FIXED_NONE && !sender_is_open(source->sender))
        call->fixed = FIXED_NOT_NOW;
    if (call->fixed != FIXED_NONE)
        answer_fixed(call, call->fixed);
    else
        take_body(call);
}

static void on_woken(void *context, struct exchange *exchange)
{
    (void)context;
    answer_verdict(exchange->call);
}

static void on_done(void *context, struct exchange *exchange)
{
    struct http_source *source = context;
    struct call *call = exchange->call;
    http_body_release(&call->body, &source->limits);
    if (call->events.submission != NULL)
        submission_release(call->events.submission);
    http_events_release(&call->events);
    free(call);
    atomic_fetch_sub(&source->calls, 1);
}

static void on_refused(void *context, struct exchange *exchange, unsigned status, struct str why)
{
    static const struct response_header later[] = {{"Retry-After", "1"}, {NULL, NULL}};
    struct packer body = {0};
    answer_problem(&body, status, response_reason(status), why, NULL);
    answer_with(context, exchange, status, &body, status == 503 ? later : NULL);
    vec_release(&body.bytes);
}

/* Whose tokens are asked for anew: those of the file, if it has any. */
static void on_look(void *context)
{
    struct http_source *source = context;
    struct tokens *tokens = &source->tokens;
    struct error error;
    if (source->options.reload == NULL || !source->options.reload())
        return;
    if (tokens->path[0] == 0)
        journal_info("nothing_to_read_again", JOURNAL_STR("why", "there is no --token-file"));
    else if (tokens_read_again(tokens, &error) == ERROR_NONE)
        journal_info("tokens_read", JOURNAL_INT("tokens", tokens_count(tokens)));
    else
        journal_error("tokens_kept", JOURNAL_STR("why", error.text),
                      JOURNAL_INT("tokens", tokens_count(tokens)));
}

static const struct http_handler handler = {on_begin, on_piece,   on_end, on_woken,
                                            on_done,  on_refused, on_look};

/* --- life --- */

static bool start_server(struct http_source *source, struct error *error)
{
    const struct http_source_options *o = &source->options;
    struct metric *metrics = source->metrics;
    struct http_server_config config = {
        .connections = o->connections,
        .address_connections = o->address_connections > 0 ? o->address_connections : (o->connections + 3) / 4,
        .request_ms = (int32_t)o->request_ms,
        .handler = &handler,
        .context = source,
        .open = &metrics[HTTP_CONNECTIONS],
        .cut_off = &metrics[HTTP_CUT_OFF],
        .cut_idle = &metrics[HTTP_CUT_IDLE],
        .refused = &metrics[HTTP_CONNECTIONS_REFUSED],
        .failed = &metrics[HTTP_ACCEPT_FAILED],
    };
    int listening = listener_open(&(struct listener_place){o->address, o->port, o->port_file}, error);
    if (listening < 0)
        return false;
    source->port = listener_port(listening);
    source->server = http_server_start(&config, listening);
    return true;
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
    source->reader = event_reader_new(options->batch_events);
    source->tokens.path = options->token_file;
    if (tokens_read(&source->tokens, error) == ERROR_NONE && start_server(source, error))
        return source;
    http_source_stop(source);
    return NULL;
}

uint16_t http_source_port(const struct http_source *source)
{
    return source->port;
}

static void stop_server(struct http_source *source)
{
    http_server_quiesce(source->server);
    for (int ms = 0; ms < LAST_ANSWERS_MS && atomic_load(&source->calls) > 0; ms += 10)
        nanosleep(&(struct timespec){0, 10 * 1000000L}, NULL);
    http_server_stop(source->server);
}

void http_source_stop(struct http_source *source)
{
    if (source == NULL)
        return;
    if (source->server != NULL)
        stop_server(source);
    event_reader_free(source->reader);
    tokens_release(&source->tokens);
    free(source);
}
