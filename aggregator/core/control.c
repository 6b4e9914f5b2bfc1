/* Rules and catalogs as the log brings them (DESIGN §2). */
#include "aggregator/core/state.h"
#include "lib/base/time.h"

static const int64_t catalog_lead_us = CATALOG_LEAD_S * (int64_t)SECOND_US;

static bool rules_spoken(const struct rules *rules)
{
    return rules->number == 1 && rules->epoch_us > 0 && rules->delay_us >= 0 && rules->epoch_records > 0 &&
           rules->frame_rows > 0 && rules->frame_bytes > 0;
}

static void keep_fact(struct fold *fold, const struct message *message)
{
    struct fact fact = {.control = message->control, .origin = message->origin, .catalog = message->catalog};
    if (message->control == CONTROL_INIT)
        fact.rules = message->rules;
    fact.origin.by = arena_copy(&fold->strings, message->origin.by);
    fact.catalog.text = arena_copy(&fold->strings, message->catalog.text);
    vec_push(&fold->facts, fact);
    fold->counters.records_applied++;
    fold->effects.controls++;
}

static enum fold_outcome apply_first(struct fold *fold, const struct message *message)
{
    if (!rules_spoken(&message->rules))
        return FOLD_RULES_UNKNOWN;
    if (!controls_add(&fold->controls, message, true))
        return FOLD_CATALOG_BAD;
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        fold->liveness_s[p] = catalog_liveness_s(fold->controls.prices.list.at[0].catalog, p);
    fold->has_rules = true;
    fold->rules = message->rules;
    keep_fact(fold, message);
    return FOLD_EPOCH_OPEN;
}

/* Why the catalog comes too late to hold: an hour's prices are known before its first event. NULL: it holds.
 */
static const char *too_late(const struct fold *fold, const struct message *message)
{
    int64_t from_us = message->catalog.from_s * SECOND_US, now_us = fold->clock.now_us;
    if (fold->partition == 0 && now_us != INT64_MIN && from_us < now_us + catalog_lead_us)
        return "catalog: expected an hour at least two hours ahead of log time";
    if (now_us != INT64_MIN && from_us <= now_us)
        return "catalog: expected an hour that has not begun";
    int64_t until_s = controls_until_s(&fold->controls, message->catalog.from_s);
    if (sums_any(&fold->sums, message->catalog.from_s, until_s))
        return "catalog: expected an hour that nothing was counted in yet";
    return NULL;
}

static enum fold_outcome apply_catalog(struct fold *fold, const struct message *message)
{
    if (!controls_follow(&fold->controls, &message->origin)) {
        reject_control(fold, message, "catalog: expected the hash of the control message before it");
        return FOLD_EPOCH_OPEN;
    }
    struct catalog_error error;
    struct catalog *catalog = catalog_parse(message->catalog.text, &error);
    if (catalog == NULL)
        return FOLD_CATALOG_BAD;
    const char *why = too_late(fold, message);
    char change[PRICES_WHY_SIZE];
    bool keeps = prices_may_follow(fold->controls.prices.list.at[0].catalog, catalog, change);
    catalog_free(catalog);
    if (!keeps)
        reject_control(fold, message, change);
    else if (why != NULL)
        reject_control(fold, message, why);
    /* Partition 0 decides what the register holds; what is too late elsewhere alone is part of it there too.
     */
    if (keeps && (why == NULL || fold->partition != 0))
        controls_add(&fold->controls, message, why == NULL);
    if (keeps && why == NULL)
        keep_fact(fold, message);
    return FOLD_EPOCH_OPEN;
}

enum fold_outcome apply_control(struct fold *fold, const struct message *message)
{
    enum fold_outcome outcome = FOLD_EPOCH_OPEN;
    if (!fold->has_rules)
        outcome = apply_first(fold, message);
    else if (controls_have(&fold->controls, message->origin.hash))
        fold->counters.records_repeated++;
    else if (message->control == CONTROL_INIT)
        reject_control(fold, message, "rules: expected those of offset 0");
    else
        outcome = apply_catalog(fold, message);
    fold->counters.records_in += outcome == FOLD_EPOCH_OPEN;
    return outcome;
}
