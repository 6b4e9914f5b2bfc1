/* Catalogs out of YAML: at each level a table of keys says what is allowed (CONTRACT §3). */
#include <stdio.h>

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/catalog_data.h"
#include "lib/domain/currency.h"
#include "lib/domain/limits.h"
#include "lib/domain/yaml_tree.h"

enum { INTEGER_DIGITS_MAX = 18 };

/* No bill_scale was read: it follows the currency, which may come later in the text. */
static const uint32_t scale_not_set = UINT32_MAX;

/* Beyond these a policy is the same as one without end, and sums with times stay far from overflow. */
static const int64_t liveness_s_max = 1000000000000;
static const int64_t duration_s_max = 1000000000000;

struct builder {
    const struct yaml_tree *tree;
    struct catalog *catalog;
    struct catalog_error *error;
};

static const struct yaml_node *node_at(const struct builder *b, uint32_t index)
{
    return &b->tree->nodes.at[index];
}

static void refuse(struct builder *b, const struct yaml_node *node, const char *message)
{
    catalog_error_at(b->error, node->line, node->column, message);
}

static bool is_null(const struct yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (node->plain && str_equal(node->text, str_of(nulls[i])))
            return true;
    return false;
}

static bool is_scalar(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !is_null(node);
}

/* What a map's keys may be, and who reads each one's value. */
struct rule {
    const char *key;
    bool required;
    void (*read)(struct builder *b, const struct yaml_node *value, void *into);
    /* In place of `read`: which of several that are read alike, a product or a list of prices. */
    void (*read_one)(struct builder *b, const struct yaml_node *value, void *into, uint32_t which);
    uint32_t which;
};

static const struct rule *find_rule(const struct rule *rules, size_t count, const struct yaml_node *key)
{
    for (size_t i = 0; i < count; i++)
        if (is_scalar(key) && str_equal(key->text, str_of(rules[i].key)))
            return &rules[i];
    return NULL;
}

static void refuse_unknown_key(struct builder *b, const struct yaml_node *key, const struct rule *rules,
                               size_t count)
{
    char message[160];
    int at = snprintf(message, sizeof message, "expected one of the keys");
    for (size_t i = 0; i < count && at < (int)sizeof message; i++)
        at += snprintf(message + at, sizeof message - (size_t)at, "%s %s", i == 0 ? "" : ",", rules[i].key);
    refuse(b, key, message);
}

static void refuse_missing(struct builder *b, const struct yaml_node *map, const struct rule *rules,
                           size_t count, uint64_t seen)
{
    char message[80];
    for (size_t i = 0; i < count && map->closed; i++) {
        if (!rules[i].required || (seen >> i & 1) != 0)
            continue;
        snprintf(message, sizeof message, "expected the key %s", rules[i].key);
        refuse(b, map, message);
    }
}

static void read_value(struct builder *b, const struct rule *rule, const struct yaml_node *value, void *into)
{
    if (rule->read != NULL)
        rule->read(b, value, into);
    else
        rule->read_one(b, value, into, rule->which);
}

/* Reads a map by rules; each key at most once. */
static void read_map(struct builder *b, const struct yaml_node *map, const struct rule *rules, size_t count,
                     void *into)
{
    uint64_t seen = 0;
    if (map->kind != YAML_MAP) {
        refuse(b, map, "expected a map");
        return;
    }
    for (uint32_t i = 0; i < map->items.count; i += 2) {
        const struct yaml_node *key = node_at(b, map->items.at[i]);
        const struct rule *rule = find_rule(rules, count, key);
        if (rule == NULL) {
            refuse_unknown_key(b, key, rules, count);
            continue;
        }
        uint64_t bit = (uint64_t)1 << (rule - rules);
        if ((seen & bit) != 0)
            refuse(b, key, "expected each key once");
        seen |= bit;
        if (i + 1 < map->items.count) /* of the last key, a fault may have hidden the value */
            read_value(b, rule, node_at(b, map->items.at[i + 1]), into);
    }
    refuse_missing(b, map, rules, count, seen);
}

/* --- scalars --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static uint32_t digits_from(struct str text, uint32_t at)
{
    uint32_t end = at;
    while (end < text.size && is_digit(text.at[end]))
        end++;
    return end - at;
}

/* The leading digits as a number; false if there are none, or too many. */
static bool leading_integer(struct str text, uint64_t *value, struct str *rest)
{
    uint32_t digits = digits_from(text, 0);
    if (digits == 0 || digits > INTEGER_DIGITS_MAX)
        return false;
    *value = 0;
    for (uint32_t i = 0; i < digits; i++)
        *value = *value * 10 + (uint64_t)(text.at[i] - '0');
    *rest = (struct str){text.at + digits, text.size - digits};
    return true;
}

/* Digits alone, without quotes. */
static bool bare_integer(const struct yaml_node *node, uint64_t *value)
{
    struct str rest;
    return is_scalar(node) && node->plain && leading_integer(node->text, value, &rest) && rest.size == 0;
}

static void read_currency(struct builder *b, const struct yaml_node *value, void *into)
{
    (void)into;
    bool good = is_scalar(value) && value->text.size == 3;
    for (uint32_t i = 0; good && i < 3; i++)
        good = value->text.at[i] >= 'A' && value->text.at[i] <= 'Z';
    if (!good)
        refuse(b, value, "expected a currency of three capitals, as in USD");
    else
        memcpy(b->catalog->currency, value->text.at, 3);
}

static void read_scale(struct builder *b, const struct yaml_node *value, uint32_t *into)
{
    uint64_t scale;
    if (!bare_integer(value, &scale) || scale > LIMIT_DECIMALS)
        refuse(b, value, "expected a bare integer from 0 to 12");
    else
        *into = (uint32_t)scale;
}

static void read_charge_scale(struct builder *b, const struct yaml_node *value, void *into)
{
    (void)into;
    read_scale(b, value, &b->catalog->charge_scale);
}

static void read_bill_scale(struct builder *b, const struct yaml_node *value, void *into)
{
    (void)into;
    read_scale(b, value, &b->catalog->bill_scale);
}

static void read_duration(struct builder *b, const struct yaml_node *value, void *into)
{
    static const struct {
        const char *suffix;
        uint64_t seconds;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    uint64_t number;
    struct str rest;
    int64_t *out_us = into;
    if (is_scalar(value) && leading_integer(value->text, &number, &rest)) {
        for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
            if (!str_equal(rest, str_of(units[i].suffix)))
                continue;
            unsigned __int128 seconds = (unsigned __int128)number * units[i].seconds;
            *out_us = (seconds > (uint64_t)duration_s_max ? duration_s_max : (int64_t)seconds) * SECOND_US;
            return;
        }
    }
    refuse(b, value, "expected a duration: 1 to 18 digits, then s, m, h, d or nothing");
}

static void read_grace(struct builder *b, const struct yaml_node *value, void *into)
{
    (void)into;
    read_duration(b, value, &b->catalog->grace_us);
}

static void read_void_after(struct builder *b, const struct yaml_node *value, void *into)
{
    (void)into;
    read_duration(b, value, &b->catalog->void_after_us);
}

static void read_free(struct builder *b, const struct yaml_node *value, void *into)
{
    struct sku *sku = into;
    uint64_t number;
    struct str rest;
    if (is_scalar(value) && leading_integer(value->text, &number, &rest)) {
        uint64_t unit = rest.size == 0                ? 1
                        : str_equal(rest, STR("GB"))  ? 1000000000
                        : str_equal(rest, STR("GiB")) ? (uint64_t)1 << 30
                                                      : 0;
        sku->free_bytes = (unsigned __int128)number * unit;
        if (unit != 0)
            return;
    }
    refuse(b, value, "expected a size: 1 to 18 digits, then GB, GiB or nothing");
}

static void read_settle(struct builder *b, const struct yaml_node *value, void *into)
{
    const enum product *product = into;
    if (is_scalar(value) && str_equal(value->text, STR("hourly")))
        b->catalog->cycle[*product] = false;
    else if (is_scalar(value) && str_equal(value->text, STR("cycle")))
        b->catalog->cycle[*product] = true;
    else
        refuse(b, value, "expected hourly or cycle");
}

static void read_liveness(struct builder *b, const struct yaml_node *value, void *into)
{
    const enum product *product = into;
    uint64_t seconds;
    if (!bare_integer(value, &seconds))
        refuse(b, value, "expected seconds: 1 to 18 digits without quotes");
    else
        b->catalog->liveness_s[*product] =
            seconds > (uint64_t)liveness_s_max ? liveness_s_max : (int64_t)seconds;
}

/* --- prices --- */

/* A price under way: which units it may be per, and where its parts stood. */
struct price_draft {
    enum product product;
    uint32_t list; /* a meter, or LIST_YEAR */
    struct price price;
    const struct yaml_node *from;
};

static void read_price_value(struct builder *b, const struct yaml_node *value, void *into)
{
    struct price_draft *draft = into;
    struct str text = is_scalar(value) ? value->text : STR("");
    uint32_t whole = digits_from(text, 0), decimals = 0;
    bool good = whole >= 1 && whole <= 12;
    if (good && whole < text.size) {
        decimals = digits_from(text, whole + 1);
        good = text.at[whole] == '.' && decimals >= 1 && decimals <= 12 && whole + 1 + decimals == text.size;
    }
    if (!good) {
        refuse(b, value, "expected a price: 1 to 12 digits, then a point and 1 to 12 digits or nothing");
        return;
    }
    unsigned __int128 picounits = 0;
    for (uint32_t i = 0; i < whole; i++)
        picounits = picounits * 10 + (unsigned)(text.at[i] - '0');
    for (uint32_t i = 0; i < 12; i++)
        picounits = picounits * 10 + (i < decimals ? (unsigned)(text.at[whole + 1 + i] - '0') : 0);
    draft->price.picounits = picounits;
}

struct unit {
    const char *name;
    uint64_t factor;  /* units of the meter */
    uint64_t seconds; /* that they run; 1 for counts */
};

struct unit_list {
    const struct unit *list;
    size_t count;
    const char *expected;
};

static struct unit_list units_of(uint32_t list)
{
    static const struct unit runtime[] = {
        {"second", 1, 1}, {"minute", 1, 60}, {"hour", 1, 3600}, {"day", 1, 86400}};
    static const struct unit capacity[] = {{"GB-hour", 1000000000, 3600},
                                           {"GiB-hour", (uint64_t)1 << 30, 3600},
                                           {"GB-day", 1000000000, 86400},
                                           {"GiB-day", (uint64_t)1 << 30, 86400}};
    static const struct unit counts[] = {{"1", 1, 1}, {"1K", 1000, 1}, {"1M", 1000000, 1}};
    static const struct unit months[] = {{"month", 1, 1}};
    static const struct unit years[] = {{"year", 12, 1}};
    if (list == LIST_YEAR)
        return (struct unit_list){years, 1, "expected year"};
    switch (meter_row((enum meter)list)->units) {
    case UNITS_SECONDS:
        return (struct unit_list){runtime, 4, "expected second, minute, hour or day"};
    case UNITS_BYTE_SECONDS:
        return (struct unit_list){capacity, 4, "expected GB-hour, GiB-hour, GB-day or GiB-day"};
    case UNITS_COUNT:
        return (struct unit_list){counts, 3, "expected 1, 1K or 1M"};
    case UNITS_MONTHS:
        break;
    }
    return (struct unit_list){months, 1, "expected month"};
}

static void read_per(struct builder *b, const struct yaml_node *value, void *into)
{
    struct price_draft *draft = into;
    struct unit_list units = units_of(draft->list);
    for (size_t i = 0; i < units.count; i++) {
        if (!is_scalar(value) || !str_equal(value->text, str_of(units.list[i].name)))
            continue;
        draft->price.per = (unsigned __int128)units.list[i].factor * units.list[i].seconds;
        return;
    }
    refuse(b, value, units.expected);
}

static void read_from(struct builder *b, const struct yaml_node *value, void *into)
{
    struct price_draft *draft = into;
    int64_t from_us;
    if (!is_scalar(value) || !time_parse(value->text, &from_us)) {
        refuse(b, value, "expected a time as in 2026-11-01T00:00:00Z (RFC 3339)");
        return;
    }
    draft->price.from_s = time_second(from_us);
    draft->from = value;
}

static const struct rule price_rules[] = {{.key = "from", .required = false, .read = read_from},
                                          {.key = "price", .required = true, .read = read_price_value},
                                          {.key = "per", .required = true, .read = read_per}};

/* One price, or a list of prices that change in time. */
static void read_prices(struct builder *b, const struct yaml_node *value, void *into, uint32_t to)
{
    struct sku *sku = into;
    bool list = value->kind == YAML_LIST;
    uint32_t count = list ? value->items.count : 1;
    if (count == 0 && value->closed)
        refuse(b, value, "expected at least one price");
    sku->first[to] = b->catalog->prices.count;
    for (uint32_t i = 0; i < count; i++) {
        const struct yaml_node *node = list ? node_at(b, value->items.at[i]) : value;
        struct price_draft draft = {sku->product, to, {INT64_MIN, 0, 1}, NULL};
        read_map(b, node, price_rules, sizeof price_rules / sizeof *price_rules, &draft);
        if (i > 0 && draft.from == NULL && node->kind == YAML_MAP && node->closed)
            refuse(b, node, "expected the key from: only the first price may lack it");
        const struct price *before = i > 0 ? &b->catalog->prices.at[b->catalog->prices.count - 1] : NULL;
        if (before != NULL && draft.from != NULL && draft.price.from_s <= before->from_s)
            refuse(b, draft.from, "expected a time after that of the price before");
        vec_push(&b->catalog->prices, draft.price);
    }
    sku->count[to] = count;
}

/* --- skus and products --- */

/* The keys that a sku of the product may have; how many. */
enum { SKU_RULES_MAX = 8 };
_Static_assert((int)COUNT_METERS_MAX <= (int)SKU_RULES_MAX, "a product's meters are keys of its skus");

static size_t sku_rules(enum product product, struct rule out[SKU_RULES_MAX])
{
    const struct product_row *row = product_row(product);
    size_t count = 0;
    if (row->shape == SHAPE_COUNT) {
        for (int m = 0; m < row->meter_count; m++)
            out[count++] = (struct rule){
                .key = meter_name(row->meters[m]), .read_one = read_prices, .which = row->meters[m]};
        return count;
    }
    out[count++] = (struct rule){.key = "payg", .read_one = read_prices, .which = row->usage};
    if (row->shape == SHAPE_POOL) {
        out[count++] = (struct rule){.key = "free", .read = read_free};
        return count;
    }
    out[count++] = (struct rule){.key = "subscription", .read_one = read_prices, .which = METER_MONTHS};
    out[count++] = (struct rule){.key = "subscription_year", .read_one = read_prices, .which = LIST_YEAR};
    return count;
}

/* A name that an event can say: CONTRACT §2. */
static bool sku_name_good(const struct yaml_node *key)
{
    if (!is_scalar(key) || key->text.size == 0 || key->text.size > LIMIT_NAME_BYTES)
        return false;
    for (uint32_t i = 0; i < key->text.size; i++) {
        unsigned char c = (unsigned char)key->text.at[i];
        bool c1 = c == 0xC2 && i + 1 < key->text.size && (unsigned char)key->text.at[i + 1] < 0xA0;
        if (c < 0x20 || c == 0x7F || c1)
            return false;
    }
    return true;
}

/* value NULL: a fault has hidden it. */
static void read_sku(struct builder *b, enum product product, const struct yaml_node *key,
                     const struct yaml_node *value)
{
    if (!sku_name_good(key)) {
        refuse(b, key, "expected a sku's name: 1 to 256 bytes without control characters");
        return;
    }
    bool twice = catalog_find_sku(b->catalog, product, key->text) != NULL;
    if (twice)
        refuse(b, key, "expected each sku once");
    if (twice || value == NULL) /* equal names in the index would each make the next look-up longer */
        return;
    struct sku sku = {.product = product, .name = arena_copy(&b->catalog->strings, key->text)};
    struct rule rules[SKU_RULES_MAX];
    read_map(b, value, rules, sku_rules(product, rules), &sku);
    vec_push(&b->catalog->skus, sku);
    table_insert(&b->catalog->sku_index, catalog_sku_hash(product, sku.name), b->catalog->skus.count - 1);
}

static void read_skus(struct builder *b, const struct yaml_node *value, void *into)
{
    const enum product *product = into;
    if (value->kind != YAML_MAP) {
        refuse(b, value, "expected a map of skus");
        return;
    }
    for (uint32_t i = 0; i < value->items.count; i += 2) {
        bool whole = i + 1 < value->items.count;
        read_sku(b, *product, node_at(b, value->items.at[i]),
                 whole ? node_at(b, value->items.at[i + 1]) : NULL);
    }
}

static const struct rule product_rules[] = {{.key = "settle", .required = true, .read = read_settle},
                                            {.key = "skus", .required = true, .read = read_skus},
                                            {.key = "liveness", .required = false, .read = read_liveness}};

static void read_product(struct builder *b, const struct yaml_node *value, void *into, uint32_t which)
{
    (void)into;
    enum product product = (enum product)which;
    bool lives = product_is(product, SHAPE_LEVEL);
    size_t count = sizeof product_rules / sizeof *product_rules;
    read_map(b, value, product_rules, lives ? count : count - 1, &product);
}

static void read_products(struct builder *b, const struct yaml_node *value, void *into)
{
    struct rule rules[PRODUCT_COUNT];
    for (enum product p = 0; p < PRODUCT_COUNT; p++)
        rules[p] = (struct rule){.key = product_name(p), .read_one = read_product, .which = p};
    read_map(b, value, rules, PRODUCT_COUNT, into);
}

static const struct rule catalog_rules[] = {
    {.key = "currency", .required = true, .read = read_currency},
    {.key = "charge_scale", .required = false, .read = read_charge_scale},
    {.key = "bill_scale", .required = false, .read = read_bill_scale},
    {.key = "grace", .required = false, .read = read_grace},
    {.key = "void_after", .required = false, .read = read_void_after},
    {.key = "products", .required = true, .read = read_products}};

struct catalog *catalog_parse(struct str text, struct catalog_error *error)
{
    *error = (struct catalog_error){0};
    if (text.size > LIMIT_CATALOG_BYTES) {
        catalog_error_at(error, 1, 1, "expected a catalog of at most 3 MiB");
        return NULL;
    }
    struct catalog *catalog = calloc(1, sizeof *catalog);
    CHECK(catalog != NULL);
    catalog->charge_scale = 6;
    catalog->bill_scale = scale_not_set;
    catalog->grace_us = 24 * (int64_t)HOUR_S * SECOND_US;
    struct yaml_tree tree = {0};
    yaml_tree_read(&tree, text, error);
    struct builder b = {&tree, catalog, error};
    if (tree.nodes.count > 0)
        read_map(&b, &tree.nodes.at[0], catalog_rules, sizeof catalog_rules / sizeof *catalog_rules, NULL);
    else if (error->line == 0)
        catalog_error_at(error, 1, 1, "expected a catalog: a map with currency and products");
    yaml_tree_release(&tree);
    if (catalog->bill_scale == scale_not_set)
        catalog->bill_scale = currency_minor_unit(catalog->currency);
    if (error->line == 0)
        return catalog;
    catalog_free(catalog);
    return NULL;
}
