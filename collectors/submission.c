#include "collectors/submission.h"

#include "lib/base/check.h"

struct submission *submission_new(struct metric *held_bytes)
{
    struct submission *submission = calloc(1, sizeof *submission);
    CHECK(submission != NULL);
    atomic_init(&submission->holders, 1);
    submission->held_bytes = held_bytes;
    return submission;
}

void submission_charge(struct submission *submission, uint32_t beside_bytes)
{
    const struct batch *batch = &submission->accepted;
    int64_t bytes =
        (int64_t)(sizeof *submission + batch->size_bytes + beside_bytes +
                  submission->rejects.bytes.bytes.count + batch->records.count * sizeof *batch->records.at);
    metric_add(submission->held_bytes, bytes - submission->charged_bytes);
    submission->charged_bytes = bytes;
}

void submission_hold(struct submission *submission)
{
    atomic_fetch_add(&submission->holders, 1);
}

void submission_release(struct submission *submission)
{
    if (atomic_fetch_sub(&submission->holders, 1) > 1)
        return;
    metric_add(submission->held_bytes, -submission->charged_bytes);
    batch_release(&submission->accepted);
    rejects_release(&submission->rejects);
    free(submission);
}
