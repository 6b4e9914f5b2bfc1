#include "collectors/core/rejects.h"

bool rejects_full(const struct rejects *rejects)
{
    return rejects->ends.count >= REJECTS_MAX || rejects->bytes.bytes.count >= REJECTS_BYTES_MAX;
}

void rejects_add(struct rejects *rejects, const struct reject *reject)
{
    if (rejects_full(rejects)) {
        rejects->left_out++;
        return;
    }
    reject_encode(reject, &rejects->bytes);
    vec_push(&rejects->ends, rejects->bytes.bytes.count);
}

struct str rejects_at(const struct rejects *rejects, uint32_t i)
{
    uint32_t from = i == 0 ? 0 : rejects->ends.at[i - 1];
    return (struct str){rejects->bytes.bytes.at + from, rejects->ends.at[i] - from};
}

void rejects_release(struct rejects *rejects)
{
    vec_release(&rejects->bytes.bytes);
    vec_release(&rejects->ends);
}
