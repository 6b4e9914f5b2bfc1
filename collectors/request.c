#include "collectors/request.h"

#include "lib/base/check.h"

struct request *request_new(struct metric *held_bytes)
{
    struct request *request = calloc(1, sizeof *request);
    CHECK(request != NULL);
    atomic_init(&request->holders, 1);
    request->held_bytes = held_bytes;
    return request;
}

void request_charge(struct request *request)
{
    const struct batch *batch = &request->accepted;
    int64_t bytes = (int64_t)(sizeof *request + batch->size_bytes + request->rejected.bytes.count +
                              batch->records.count * sizeof *batch->records.at);
    metric_add(request->held_bytes, bytes - request->charged_bytes);
    request->charged_bytes = bytes;
}

void request_hold(struct request *request)
{
    atomic_fetch_add(&request->holders, 1);
}

void request_let_go(struct request *request)
{
    if (atomic_fetch_sub(&request->holders, 1) > 1)
        return;
    metric_add(request->held_bytes, -request->charged_bytes);
    batch_release(&request->accepted);
    vec_release(&request->rejected.bytes);
    free(request);
}
