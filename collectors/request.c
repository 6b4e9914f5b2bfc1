#include "collectors/request.h"

#include "lib/base/check.h"
#include "lib/base/pack.h"

struct request *request_new(void)
{
    struct request *request = calloc(1, sizeof *request);
    CHECK(request != NULL);
    atomic_init(&request->holders, 1);
    return request;
}

void request_hold(struct request *request)
{
    atomic_fetch_add(&request->holders, 1);
}

void request_let_go(struct request *request)
{
    if (atomic_fetch_sub(&request->holders, 1) > 1)
        return;
    batch_release(&request->accepted);
    vec_release(&request->rejected.bytes);
    free(request);
}
