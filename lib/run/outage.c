#include "lib/run/outage.h"

#include <string.h>

#include <stdio.h>

void outage_fail(struct outage *outage, int64_t now_ms, const char *why)
{
    snprintf(outage->why, sizeof outage->why, "%s", why);
    if (outage->going)
        return;
    outage->going = true;
    outage->since_ms = now_ms;
    if (outage->begun == 0 || now_ms - outage->minute_ms >= OUTAGE_SAY_MS) {
        outage->minute_ms = now_ms;
        outage->begun = 0;
    }
    outage->begun++;
    outage->said_ms = now_ms - OUTAGE_SAY_MS + (outage->begun <= OUTAGE_SAID_MOST ? 0 : OUTAGE_LASTS_MS);
}

int64_t outage_pause(struct outage *outage, int64_t least_ms, int64_t most_ms, uint64_t random)
{
    int64_t next_ms = outage->pause_ms == 0 ? least_ms : 2 * outage->pause_ms;
    outage->pause_ms = next_ms < most_ms ? next_ms : most_ms;
    int64_t half_ms = outage->pause_ms / 2;
    return outage->pause_ms - half_ms + (int64_t)(random % (uint64_t)(half_ms + 1));
}

bool outage_speaks(struct outage *outage, int64_t now_ms)
{
    if (!outage->going || now_ms - outage->said_ms < OUTAGE_SAY_MS)
        return false;
    outage->said_ms = now_ms;
    outage->said = true;
    return true;
}

int64_t outage_heal(struct outage *outage, int64_t now_ms)
{
    int64_t lasted_ms = outage->going && outage->said ? now_ms - outage->since_ms : -1;
    *outage = (struct outage){.minute_ms = outage->minute_ms, .begun = outage->begun};
    return lasted_ms;
}

void outage_since(const struct outage *outage, struct host *host, char out[TIME_TEXT_SIZE])
{
    int64_t age_s = (host->now_ms(host) - outage->since_ms) / 1000;
    if (host->clock_s == NULL)
        memcpy(out, "-", 2);
    else
        time_print(host->clock_s(host) - age_s, out);
}
