#include "collectors/core/trust.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

static const int64_t apart_us = 5 * (int64_t)SECOND_US;

void trust_reset(struct trust *trust, uint32_t partitions)
{
    CHECK(partitions > 0);
    trust->given = trust->disagreed = false;
    trust->round = trust->agreed = trust->whole = 0;
    vec_clear(&trust->agreed_in);
    for (uint32_t p = 0; p < partitions; p++)
        vec_push(&trust->agreed_in, 0u);
}

void trust_release(struct trust *trust)
{
    vec_release(&trust->agreed_in);
}

uint32_t trust_begin_round(struct trust *trust)
{
    trust->disagreed = false;
    trust->agreed = 0;
    return ++trust->round;
}

bool trust_hear(struct trust *trust, const struct trust_sign *sign)
{
    CHECK(sign->partition < trust->agreed_in.count && sign->round <= trust->round);
    bool ahead = sign->message_us - sign->append_us > apart_us;
    bool behind = sign->append_us - sign->now_us > apart_us;
    if (ahead || behind) {
        trust->given = false;
        trust->disagreed = true;
        trust->disagreements++;
        return false;
    }
    uint32_t *agreed_in = &trust->agreed_in.at[sign->partition];
    if (sign->round == trust->round && *agreed_in != trust->round) {
        *agreed_in = trust->round;
        trust->agreed++;
    }
    if (trust->agreed == trust->agreed_in.count && !trust->disagreed) {
        trust->given = true;
        trust->whole = trust->round;
    }
    return true;
}

struct doubt trust_doubt(const struct trust *trust, int64_t clock_us, int64_t steady_us)
{
    return (struct doubt){trust->round, trust->disagreements, clock_us - steady_us};
}

enum doubt_outcome trust_settle(const struct trust *trust, const struct doubt *doubt, int64_t clock_us,
                                int64_t steady_us)
{
    int64_t stepped_us = clock_us - steady_us - doubt->apart_us;
    if (trust->disagreements != doubt->disagreements || stepped_us > apart_us || stepped_us < -apart_us)
        return DOUBT_FALLS;
    return trust->whole > doubt->round ? DOUBT_STANDS : DOUBT_OPEN;
}
