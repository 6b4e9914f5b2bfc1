#include "collectors/http_body.h"

enum {
    INFLATED_AT_ONCE = 16 * 1024,
    CAPACITY_MIN = 4096,
};

static void count(struct http_body *body, int64_t bytes, const struct http_body_limits *limits)
{
    body->counted_bytes += bytes;
    metric_add(limits->held_total, bytes);
}

static bool has_room(int64_t bytes, const struct http_body_limits *limits)
{
    return metric_value(limits->held_total) + bytes <= limits->held_bytes;
}

/* Capacities are the bound halved so many times: they double, and the last one is the bound. */
static void reserve(struct http_body *body, uint32_t need, const struct http_body_limits *limits)
{
    int64_t capacity = limits->body_bytes;
    while (capacity / 2 >= need && capacity > CAPACITY_MIN)
        capacity /= 2;
    vec_reserve(&body->plain.bytes, (uint32_t)capacity);
}

static enum http_body_outcome put(struct http_body *body, struct str piece,
                                  const struct http_body_limits *limits)
{
    int64_t size_bytes = (int64_t)body->plain.bytes.count + piece.size;
    if (size_bytes > limits->body_bytes)
        return HTTP_BODY_TOO_LARGE;
    if (!has_room(piece.size, limits))
        return HTTP_BODY_NO_ROOM;
    if (size_bytes > body->plain.bytes.capacity)
        reserve(body, (uint32_t)size_bytes, limits);
    pack_raw(&body->plain, piece.at, piece.size);
    count(body, piece.size, limits);
    return HTTP_BODY_GOOD;
}

static enum http_body_outcome outcome_of(enum inflater_outcome outcome)
{
    static const enum http_body_outcome outcomes[] = {
        [INFLATER_GOOD] = HTTP_BODY_GOOD,
        [INFLATER_CORRUPT] = HTTP_BODY_CORRUPT,
        [INFLATER_TRAILING] = HTTP_BODY_TRAILING,
        [INFLATER_TRUNCATED] = HTTP_BODY_TRUNCATED,
    };
    return outcomes[outcome];
}

static enum http_body_outcome inflate_piece(struct http_body *body, struct str piece,
                                            const struct http_body_limits *limits)
{
    char made[INFLATED_AT_ONCE];
    for (;;) {
        uint32_t size = sizeof made;
        enum http_body_outcome outcome = outcome_of(inflater_take(body->inflater, &piece, made, &size));
        if (outcome != HTTP_BODY_GOOD || size == 0)
            return outcome;
        outcome = put(body, (struct str){made, size}, limits);
        if (outcome != HTTP_BODY_GOOD)
            return outcome;
    }
}

enum http_body_outcome http_body_take(struct http_body *body, struct str piece,
                                      const struct http_body_limits *limits)
{
    body->arrived_bytes += piece.size;
    if (body->arrived_bytes > limits->body_bytes)
        return HTTP_BODY_TOO_LARGE;
    if (body->coding != CODING_GZIP)
        return put(body, piece, limits);
    if (body->inflater == NULL) {
        if (!has_room(INFLATER_SIZE_BYTES, limits))
            return HTTP_BODY_NO_ROOM;
        body->inflater = inflater_new();
        count(body, INFLATER_SIZE_BYTES, limits);
    }
    return inflate_piece(body, piece, limits);
}

static void release_inflater(struct http_body *body, const struct http_body_limits *limits)
{
    if (body->inflater == NULL)
        return;
    inflater_free(body->inflater);
    body->inflater = NULL;
    count(body, -INFLATER_SIZE_BYTES, limits);
}

enum http_body_outcome http_body_end(struct http_body *body, const struct http_body_limits *limits)
{
    if (body->coding != CODING_GZIP)
        return HTTP_BODY_GOOD;
    enum inflater_outcome outcome =
        body->inflater == NULL ? INFLATER_TRUNCATED : inflater_end(body->inflater);
    release_inflater(body, limits);
    return outcome_of(outcome);
}

void http_body_release(struct http_body *body, const struct http_body_limits *limits)
{
    release_inflater(body, limits);
    vec_release(&body->plain.bytes);
    count(body, -body->counted_bytes, limits);
}
