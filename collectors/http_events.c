#include "collectors/http_events.h"

#include <stdio.h>

#include "collectors/core/answer.h"
#include "lib/base/check.h"

struct event_reader {
    struct acceptor *acceptor;
    int64_t batch_events;
    char text[LIMIT_REJECT_BYTES]; /* of a refused event of a batch */
};

struct event_reader *event_reader_new(int64_t batch_events)
{
    struct event_reader *reader = calloc(1, sizeof *reader);
    CHECK(reader != NULL);
    reader->acceptor = acceptor_new();
    reader->batch_events = batch_events;
    return reader;
}

void event_reader_free(struct event_reader *reader)
{
    if (reader == NULL)
        return;
    acceptor_free(reader->acceptor);
    free(reader);
}

struct taking {
    struct http_events *events;
    struct event_reader *reader;
    const struct http_body_of_events *body;
};

/* What will stand in usage.rejects, should the refusal stand. */
static void keep(const struct taking *taking, size_t index, struct str reason, struct event_names names)
{
    struct submission *submission = taking->events->submission;
    struct event_reader *reader = taking->reader;
    struct str text = taking->body->text;
    char origin[32] = "";
    bool of_batch = taking->body->form == HTTP_FORM_BATCH && index != SIZE_MAX;
    if (of_batch && !rejects_full(&submission->rejects)) {
        snprintf(origin, sizeof origin, "batch/%zu", index);
        text = (struct str){reader->text, accept_text(reader->acceptor, reader->text, sizeof reader->text)};
    }
    rejects_add(&submission->rejects, &(struct reject){.reason = reason,
                                                       .feed = STR("http"),
                                                       .sender = taking->body->sender,
                                                       .origin = str_of(origin),
                                                       .account = names.account,
                                                       .type = names.type,
                                                       .source = names.source,
                                                       .id = names.id,
                                                       .clock_us = submission->clock_us,
                                                       .bytes = text});
}

static void refuse(const struct taking *taking, size_t index, enum refusal refusal,
                   const struct rejection *rejection)
{
    struct http_events *events = taking->events;
    if (events->first_reason.bytes.count == 0)
        pack_raw(&events->first_reason, rejection->reason.at, rejection->reason.size);
    events->refused[refusal]++;
    events->rejected_count++;
    answer_add_rejected(&events->rejected, index, rejection);
    keep(taking, index, rejection->reason, accept_names(taking->reader->acceptor));
}

static void take_record(const struct taking *taking, size_t index, const struct record *record)
{
    struct submission *submission = taking->events->submission;
    char reason[LATENESS_TEXT_SIZE];
    enum lateness lateness = lateness_of(record, &taking->body->horizons, submission->clock_us, reason);
    if (lateness == LATENESS_IN_TIME) {
        batch_add(&submission->accepted, record);
        submission->accepted_count++;
        return;
    }
    submission->is_in_doubt = true;
    refuse(taking, index, lateness == LATENESS_TOO_EARLY ? REFUSED_TOO_EARLY : REFUSED_TOO_LATE,
           &(struct rejection){.reason = str_of(reason), .id = record->id});
}

static bool take_event(void *context, size_t index, const struct record *record,
                       const struct rejection *rejection)
{
    const struct taking *taking = context;
    taking->events->too_many = index >= (size_t)taking->reader->batch_events;
    if (taking->events->too_many)
        return false;
    if (record != NULL)
        take_record(taking, index, record);
    else
        refuse(taking, index, refusal_of(rejection->field), rejection);
    return true;
}

static void take_batch(struct taking *taking)
{
    struct http_events *events = taking->events;
    struct rejection rejection;
    if (accept_batch(taking->reader->acceptor, taking->body->text, take_event, taking, &rejection))
        return;
    pack_raw(&events->first_reason, rejection.reason.at, rejection.reason.size);
    events->refused[refusal_of(rejection.field)]++;
    keep(taking, SIZE_MAX, rejection.reason, (struct event_names){0});
}

void http_events_take(struct http_events *events, struct event_reader *reader,
                      const struct http_body_of_events *body)
{
    struct taking taking = {events, reader, body};
    struct record record;
    struct rejection rejection;
    bool good = false;
    switch (body->form) {
    case HTTP_FORM_BATCH:
        take_batch(&taking);
        return;
    case HTTP_FORM_EVENT:
        good = accept_event(reader->acceptor, body->text, &record, &rejection);
        break;
    case HTTP_FORM_BINARY:
        good = accept_binary(reader->acceptor, body->attributes, body->text, &record, &rejection);
        break;
    case HTTP_FORM_NONE:
        CHECK_NEVER("a form");
    }
    take_event(&taking, 0, good ? &record : NULL, good ? NULL : &rejection);
}

void http_events_release(struct http_events *events)
{
    vec_release(&events->rejected.bytes);
    vec_release(&events->first_reason.bytes);
}
