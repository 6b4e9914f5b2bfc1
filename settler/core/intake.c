#include "settler/core/intake.h"

#include <string.h>

static uint8_t *hash_of(struct intake *intake, uint64_t seq)
{
    return intake->hashes[seq % INTAKE_KNOWN];
}

void intake_begin(struct intake *intake, uint32_t partition, uint64_t next_seq,
                  const uint8_t last_hash[FRAME_HASH_SIZE])
{
    *intake = (struct intake){
        .partition = partition, .next_seq = next_seq, .known = 1, .missed_since_s = INT64_MAX};
    /* Of frame 0 the one before is number -1, which has a place too. */
    memcpy(hash_of(intake, next_seq - 1), last_hash, FRAME_HASH_SIZE);
}

enum intake_verdict intake_take(struct intake *intake, const struct frame *frame)
{
    if (frame->partition != intake->partition || frame->seq > intake->next_seq)
        return INTAKE_AHEAD;
    if (frame->seq < intake->next_seq) {
        bool forked = intake->next_seq - frame->seq <= intake->known &&
                      memcmp(frame->hash, hash_of(intake, frame->seq), FRAME_HASH_SIZE) != 0;
        return forked ? INTAKE_FORKED : INTAKE_REPEATED;
    }
    if (memcmp(frame->prev_hash, hash_of(intake, frame->seq - 1), FRAME_HASH_SIZE) != 0)
        return INTAKE_AHEAD;
    memcpy(hash_of(intake, frame->seq), frame->hash, FRAME_HASH_SIZE);
    intake->next_seq++;
    intake->missed_since_s = INT64_MAX;
    intake->known += intake->known < INTAKE_KNOWN;
    return INTAKE_TAKEN;
}

bool intake_missed(struct intake *intake, int64_t now_s)
{
    if (intake->missed_since_s == INT64_MAX)
        intake->missed_since_s = now_s;
    return now_s - intake->missed_since_s > INTAKE_GAP_S;
}
