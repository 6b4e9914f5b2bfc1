/* Catalogs that are refused: each with the place of its first fault, and with what was expected there. */
#include <glob.h>
#include <stdio.h>

#include "lib/base/pack.h"
#include "lib/domain/catalog.h"
#include "lib/domain/yaml_text.h"
#include "lib/domain/yaml_tree.h"
#include "tests/support/test.h"

/* `^` stands before the character at fault, and is taken out. */
struct refused_case {
    const char *text;
    const char *expected; /* the message begins with "expected " and this */
};

#define NODE(sku) "currency: USD\nproducts:\n  node: {settle: hourly, skus: {s: " sku "}}\n"
#define STORAGE(sku) "currency: USD\nproducts:\n  storage: {settle: hourly, skus: {s: " sku "}}\n"
#define MAAS(sku) "currency: USD\nproducts:\n  maas: {settle: cycle, skus: {s: " sku "}}\n"
#define SKUS(skus) "currency: USD\nproducts:\n  node: {settle: hourly, skus: " skus "}\n"
#define PAYG(price) NODE("{payg: " price "}")
#define PRICE(price) PAYG("{per: hour, price: " price "}")
#define HEAD "currency: USD\n"
#define EMPTY "products: {}\n"
#define NAME_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct refused_case keys[] = {
    {"^", "a catalog"},
    {"^# nothing\n", "a catalog"},
    {"--- \n^...\n", "a map"},
    {"^- currency: USD\n", "a map"},
    {"^currency\n", "a map"},
    {"^charge_scale: 2\n" EMPTY, "the key currency"},
    {"^currency: USD\n", "the key products"},
    {HEAD "products: ^[]\n", "a map"},
    {HEAD "^taxes: 1\n" EMPTY, "one of the keys currency, charge_scale, bill_scale, grace, void_after,"
                               " products"},
    {HEAD "^Products: {}\n" EMPTY, "one of the keys"},
    {HEAD "? ^{a: b}\n: c\n" EMPTY, "one of the keys"},
    {HEAD "? ^[a]\n: c\n" EMPTY, "one of the keys"},
    {HEAD "^~: 1\n" EMPTY, "one of the keys"},
    {HEAD EMPTY "^currency: EUR\n", "each key once"},
    {HEAD EMPTY "^'currency': EUR\n", "each key once"},
    {HEAD "products: {^gpu: {}}\n", "one of the keys container, model, node, storage, maas"},
    {HEAD "products: {node: {settle: hourly, skus: {}}, ^node: {settle: hourly, skus: {}}}\n",
     "each key once"},
    {HEAD "products: {node: ^{skus: {}}}\n", "the key settle"},
    {HEAD "products: {node: ^{settle: hourly}}\n", "the key skus"},
    {HEAD "products: {node: {settle: hourly, skus: {}, ^price: 1}}\n",
     "one of the keys settle, skus, liveness"},
    {HEAD "products: {maas: {settle: hourly, skus: {}, ^liveness: 0}}\n", "one of the keys settle, skus"},
    {HEAD "products: {storage: {^liveness: 0, settle: hourly, skus: {}}}\n", "one of the keys settle, skus"},
    {NODE("{^free: 20GB}"), "one of the keys payg, subscription, subscription_year"},
    {NODE("{^images: {price: 1, per: 1}}"), "one of the keys payg, subscription, subscription_year"},
    {STORAGE("{^subscription_year: {price: 1, per: year}}"), "one of the keys payg, free"},
    {NODE("{subscription_year: {price: 1, per: ^month}}"), "year"},
    {NODE("{subscription: {price: 1, per: ^year}}"), "month"},
    {STORAGE("{^subscription: {price: 1, per: month}}"), "one of the keys payg, free"},
    {MAAS("{^payg: {price: 1, per: hour}}"),
     "one of the keys input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, images"},
    {MAAS("{^free: 1}"), "one of the keys"},
    {NODE("^[]"), "a map"},
    {NODE("^free"), "a map"},
    {PAYG("{price: 1, per: hour, ^until: 2026-01-01T00:00:00Z}"), "one of the keys from, price, per"},
    {PAYG("{price: 1, per: hour, ^price: 2}"), "each key once"},
    {PAYG("^{price: 1}"), "the key per"},
    {PAYG("^{per: hour}"), "the key price"},
    {PAYG("^1"), "a map"},
    {PAYG("^[]"), "at least one price"},
    {PAYG("[^[{price: 1, per: hour}]]"), "a map"},
    {PAYG("[^price: 1, per: hour]"), "the key per"},
};

static const struct refused_case values[] = {
    {"currency: ^usd\n" EMPTY, "a currency"},
    {"currency: ^US\n" EMPTY, "a currency"},
    {"currency: ^USDT\n" EMPTY, "a currency"},
    {"currency: ^\"US\\0\"\n" EMPTY, "a currency"},
    {"currency: ^[USD]\n" EMPTY, "a currency"},
    {HEAD "charge_scale: ^13\n" EMPTY, "a bare integer from 0 to 12"},
    {HEAD "bill_scale: ^13\n" EMPTY, "a bare integer from 0 to 12"},
    {HEAD "bill_scale: ^'2'\n" EMPTY, "a bare integer from 0 to 12"},
    {HEAD "bill_scale: ^4294967295\n" EMPTY, "a bare integer from 0 to 12"},
    {HEAD "charge_scale: ^-1\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^+6\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^6.0\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^0x6\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^\"6\"\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^|-\n  6\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^4294967302\n" EMPTY, "a bare integer"},
    {HEAD "charge_scale: ^18446744073709551622\n" EMPTY, "a bare integer"},
    {HEAD "grace: ^24 h\n" EMPTY, "a duration"},
    {HEAD "grace: ^1.5h\n" EMPTY, "a duration"},
    {HEAD "grace: ^-1h\n" EMPTY, "a duration"},
    {HEAD "grace: ^1H\n" EMPTY, "a duration"},
    {HEAD "grace: ^h\n" EMPTY, "a duration"},
    {HEAD "grace: ^1h30m\n" EMPTY, "a duration"},
    {HEAD "grace: ^\" 1h\"\n" EMPTY, "a duration"},
    {HEAD "grace: ^1w\n" EMPTY, "a duration"},
    {HEAD "void_after: ^never\n" EMPTY, "a duration"},
    {HEAD "void_after: ^1000000000000000000\n" EMPTY, "a duration"},
    {HEAD "void_after: ^{}\n" EMPTY, "a duration"},
    {HEAD "products: {node: {settle: ^daily, skus: {}}}\n", "hourly or cycle"},
    {HEAD "products: {node: {settle: ^Hourly, skus: {}}}\n", "hourly or cycle"},
    {HEAD "products: {node: {settle: hourly, liveness: ^60s, skus: {}}}\n", "seconds"},
    {HEAD "products: {node: {settle: hourly, liveness: ^\"60\", skus: {}}}\n", "seconds"},
    {HEAD "products: {node: {settle: hourly, liveness: ^-1, skus: {}}}\n", "seconds"},
    {STORAGE("{free: ^20 GB}"), "a size"},
    {STORAGE("{free: ^20gb}"), "a size"},
    {STORAGE("{free: ^1.5GB}"), "a size"},
    {STORAGE("{free: ^1TB}"), "a size"},
    {STORAGE("{free: ^GB}"), "a size"},
    {STORAGE("{free: ^20GBs}"), "a size"},
    {PRICE("^-1"), "a price"},
    {PRICE("^+1"), "a price"},
    {PRICE("^1e3"), "a price"},
    {PRICE("^1."), "a price"},
    {PRICE("^.5"), "a price"},
    {PRICE("^1.2.3"), "a price"},
    {PRICE("^\"\""), "a price"},
    {PRICE("^\" 1\""), "a price"},
    {PRICE("^1_000"), "a price"},
    {PRICE("^\"1,5\""), "a price"},
    {PRICE("^1000000000000"), "a price"},
    {PRICE("^0.0000000000001"), "a price"},
    {PRICE("^.inf"), "a price"},
    {PRICE("^\"1\\0\""), "a price"},
    {PRICE("^\u0661"), "a price"}, /* a digit, but not ASCII's */
    {PAYG("{price: 1, per: ^month}"), "second, minute, hour or day"},
    {PAYG("{price: 1, per: ^hours}"), "second, minute, hour or day"},
    {PAYG("{price: 1, per: ^[hour]}"), "second, minute, hour or day"},
    {NODE("{subscription: {price: 1, per: ^day}}"), "month"},
    {STORAGE("{payg: {price: 1, per: ^hour}}"), "GB-hour, GiB-hour, GB-day or GiB-day"},
    {STORAGE("{payg: {price: 1, per: ^GB-month}}"), "GB-hour"},
    {MAAS("{images: {price: 1, per: ^1m}}"), "1, 1K or 1M"},
    {MAAS("{input_tokens: {price: 1, per: ^1000}}"), "1, 1K or 1M"},
};

#define AT_2026(price) "{from: 2026-01-01T00:00:00Z, price: " price ", per: hour}"

static const struct refused_case times_and_names[] = {
    {PAYG("{from: ^2026-01-01, price: 1, per: hour}"), "a time"},
    {PAYG("{from: ^2026-01-01 00:00:00Z, price: 1, per: hour}"), "a time"},
    {PAYG("{from: ^2200-01-01T00:00:00Z, price: 1, per: hour}"), "a time"},
    {PAYG("[" AT_2026("1") ", ^{price: 2, per: hour}]"), "the key from"},
    {PAYG("[{price: 1, per: hour}, ^{price: 2, per: hour}]"), "the key from"},
    {PAYG("[" AT_2026("1") ", {from: ^2026-01-01T00:00:00Z, price: 2, per: hour}]"), "a time after"},
    {PAYG("[" AT_2026("1") ", {price: 2, per: hour, from: ^2026-01-01T00:00:00.9Z}]"), "a time after"},
    {PAYG("[" AT_2026("1") ", {from: ^2025-12-31T23:59:59.9Z, price: 2, per: hour}]"), "a time after"},
    {PAYG("[" AT_2026("1") ", {from: ^2026-01-01T08:00:00+08:00, price: 2, per: hour}]"), "a time after"},
    {SKUS("{^\"\": {}}"), "a sku's name"},
    {SKUS("{^\"a\\tb\": {}}"), "a sku's name"},
    {SKUS("{^\"a\\0\": {}}"), "a sku's name"},
    {SKUS("{^\"\\x7f\": {}}"), "a sku's name"},
    {SKUS("{^\"\\x85\": {}}"), "a sku's name"},
    {SKUS("{^\"\\u009f\": {}}"), "a sku's name"},
    {SKUS("{^" NAME_64 NAME_64 NAME_64 NAME_64 "0: {}}"), "a sku's name"},
    {SKUS("{? ^[a] : {}}"), "a sku's name"},
    {SKUS("{a: {}, \"b\": {}, ^\"a\": {}}"), "each sku once"},
    {SKUS("{é: {}, ^\"\\u00e9\": {}}"), "each sku once"},
    {SKUS("^[]"), "a map of skus"},
};

static const struct refused_case nulls[] = {
    {"currency: ^~\n" EMPTY, "a currency"},
    {"currency:^\n" EMPTY, "a currency"},
    {HEAD "products: ^null\n", "a map"},
    {HEAD "products:^\n", "a map"},
    {HEAD "grace: ^Null\n" EMPTY, "a duration"},
    {HEAD "charge_scale: ^NULL\n" EMPTY, "a bare integer"},
    {HEAD "bill_scale: ^~\n" EMPTY, "a bare integer"},
    {HEAD "products: {node: ^~}\n", "a map"},
    {SKUS("^~"), "a map of skus"},
    {SKUS("{s: ^~}"), "a map"},
    {SKUS("{^~: {}}"), "a sku's name"},
    {SKUS("{^null: {}}"), "a sku's name"},
    {SKUS("{^Null: {}}"), "a sku's name"},
    {SKUS("{^NULL: {}}"), "a sku's name"},
    {SKUS("{^: {}}"), "YAML: did not find expected node content"},
    {SKUS("{? ^, a: {}}"), "a sku's name"},
    {NODE("{payg: ^null}"), "a map"},
    {PAYG("[^~]"), "a map"},
    {PRICE("^null"), "a price"},
    {PAYG("{from: ^~, price: 1, per: hour}"), "a time"},
    {STORAGE("{free: ^~}"), "a size"},
};

static const struct refused_case yaml[] = {
    {HEAD "grace: ^&a 1h\n" EMPTY, "a plain value: anchors"},
    {HEAD "products: ^&a {}\n", "a plain value: anchors"},
    {HEAD "^&a grace: 1h\n" EMPTY, "a plain value: anchors"},
    {HEAD "grace: ^*a\n" EMPTY, "a plain value: aliases"},
    {SKUS("{^*a : {}}"), "a plain value: aliases"},
    {HEAD "products: {^<<: *a}\n", "one of the keys"},
    {HEAD "grace: ^!!str 1h\n" EMPTY, "a plain value: tags"},
    {HEAD "grace: ^! 1h\n" EMPTY, "a plain value: tags"},
    {HEAD "grace: ^!\n  1h\n" EMPTY, "a plain value: tags"},
    {HEAD "grace: ^! \"1h\"\n" EMPTY, "a plain value: tags"},
    {HEAD "grace: ^!<tag:yaml.org,2002:str> 1h\n" EMPTY, "a plain value: tags"},
    {HEAD "products: ^!!map {}\n", "a plain value: tags"},
    {PAYG("^!!seq []"), "a plain value: tags"},
    {HEAD EMPTY "^---\n", "one document"},
    {HEAD EMPTY "...\n^---\n" HEAD EMPTY, "one document"},
    {HEAD EMPTY "...\n^grace: 1h\n", "YAML: did not find expected <document start>"},
    {HEAD "grace: ^@\n" EMPTY, "YAML: found character that cannot start any token"},
    {HEAD "products:\n^\tnode: {}\n", "YAML: found character that cannot start any token"},
    {HEAD "^grace\n" EMPTY, "YAML: could not find expected ':'"},
    {HEAD "grace: ^\"1h\n" EMPTY, "YAML: found unexpected end of stream"},
    {HEAD "grace: ^'1h\n---\n" EMPTY, "YAML: found unexpected document indicator"},
    {HEAD "grace: \"1h^\\q\"\n" EMPTY, "YAML: found unknown escape character"},
    {HEAD "grace: \"\\u^d800\"\n" EMPTY, "YAML: found invalid Unicode character escape code"},
    {HEAD "products: {}^}\n", "YAML: did not find expected"},
    {HEAD "products: {node: {settle: hourly, skus: {}}\n^", "YAML: did not find expected ',' or '}'"},
    {HEAD EMPTY "%YAML 1.1\n^", "YAML: did not find expected <document start>"},
    {"^%YAML 2.0\n---\n" HEAD EMPTY, "YAML: found incompatible YAML document"},
    {HEAD "products: ^[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n", "a map"},
};

/* Bytes that no text may have, and texts that end in them. */
static const struct refused_case bytes[] = {
    {HEAD "#\n# é ^\xFF\n" EMPTY, "UTF-8"},
    {HEAD "# ^\xC3(\n" EMPTY, "UTF-8"},
    {HEAD "# ^\xC0\x80\n" EMPTY, "UTF-8"},
    {HEAD "# ^\xE0\x9F\xBF\n" EMPTY, "UTF-8"},
    {HEAD "# ^\xED\xA0\x80\n" EMPTY, "UTF-8"},
    {HEAD "# ^\xF4\x90\x80\x80\n" EMPTY, "UTF-8"},
    {HEAD EMPTY "# ^\xF0\x9F\x98", "UTF-8"},
    {"^\xFF\xFE\x63\n", "UTF-8"},
    {HEAD EMPTY "# ^\x01\n", "no control characters"},
    {HEAD EMPTY "# ^\x7F\n", "no control characters"},
    {HEAD EMPTY "# ^\xC2\x84\n", "no control characters"},
    {HEAD EMPTY "# ^\xEF\xBF\xBE\n", "no control characters"},
    {HEAD "grace: ^\x02h\n" EMPTY, "no control characters"},
    {HEAD "grace: 1^\x02h\n" EMPTY, "no control characters"},
    {HEAD "grace: \"1^\x02h\"\n" EMPTY, "no control characters"},
    {HEAD "gra^\x02"
          "ce: 1h\n" EMPTY,
     "no control characters"},
    {HEAD "products: {no^\x02"
          "de: {}}\n",
     "no control characters"},
    {HEAD "products: {node: {skus: {}^\x02}}\n", "no control characters"},
};

/* Of two faults the one that stands first is named, whoever sees it. */
static const struct refused_case first[] = {
    {"currency: ^usd\n# \xFF\n" EMPTY, "a currency"},
    {"currency: ^usd\ngrace: @\n" EMPTY, "a currency"},
    {HEAD "products:\n  node: ^{settle: hourly}\ngrace: @\n", "the key skus"},
    {HEAD "products:\n  node:\n    settle: hourly\n    skus: {s: {payg: ^{price: 1}}}\n    liveness: @\n",
     "the key per"},
    {HEAD "products: {node: {settle: hourly, skus: {s: {payg: ^[]}}}, @", "at least one price"},
    {HEAD "^taxes: @\n" EMPTY, "one of the keys"},
    {HEAD "^currency: @\n" EMPTY, "each key once"},
    {SKUS("{a: {}, ^a: @}"), "each sku once"},
    {"^grace: 1h\n" EMPTY "---\n", "the key currency"},
    {"currency: ^eur\ngrace: x\n" EMPTY, "a currency"},
    {HEAD "grace: ^x\nproducts: {gpu: 1}\n", "a duration"},
    {HEAD EMPTY "grace: ^x\ngrace: 1\n", "a duration"},
};

/* What remains of a case's text without `^`, and where that stood. */
static struct str unmark(const char *marked, char *text, size_t size, struct catalog_error *place)
{
    const char *mark = strchr(marked, '^');
    assert_non_null(mark);
    *place = (struct catalog_error){.line = 1, .column = 1};
    for (const char *at = marked; at < mark; at++) {
        bool continues = ((unsigned char)*at & 0xC0) == 0x80;
        place->column = *at == '\n' ? 1 : place->column + !continues;
        place->line += *at == '\n';
    }
    int written = snprintf(text, size, "%.*s%s", (int)(mark - marked), marked, mark + 1);
    assert_true(written >= 0 && (size_t)written < size);
    return (struct str){text, (uint32_t)written};
}

static void must_refuse(struct str text, const struct catalog_error *place, const char *expected)
{
    struct catalog_error error;
    char begin[200];
    struct catalog *catalog = catalog_parse(text, &error);
    snprintf(begin, sizeof begin, "expected %s", expected);
    if (catalog != NULL)
        fail_msg("taken, not: %u:%u: %s\n%.*s", place->line, place->column, begin, STR_ARG(text));
    if (error.line != place->line || error.column != place->column ||
        strncmp(error.message, begin, strlen(begin)) != 0)
        fail_msg("%u:%u: %s\nnot %u:%u: %s\n%.*s", error.line, error.column, error.message, place->line,
                 place->column, begin, STR_ARG(text));
    assert_null(strchr(error.message, '\n'));
}

static void must_refuse_all(const struct refused_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[2000];
        struct catalog_error place;
        must_refuse(unmark(cases[i].text, text, sizeof text, &place), &place, cases[i].expected);
    }
}

#define REFUSES(name, cases)                                                                                 \
    static void name(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        must_refuse_all(cases, sizeof(cases) / sizeof *(cases));                                             \
    }

REFUSES(keys_that_are_unknown_twice_or_missing_are_refused, keys)
REFUSES(values_that_are_not_what_their_key_wants_are_refused, values)
REFUSES(times_that_do_not_rise_and_names_that_no_event_can_say_are_refused, times_and_names)
REFUSES(a_null_is_refused_wherever_it_stands, nulls)
REFUSES(what_is_clever_or_broken_in_yaml_is_refused, yaml)
REFUSES(bytes_that_are_no_text_are_refused_where_they_stand, bytes)
REFUSES(the_first_fault_is_named, first)

static void columns_count_characters_and_lines_end_in_any_way(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t line, column;
    } cases[] = {
        {"\xEF\xBB\xBF"
         "currency: usd\nproducts: {}\n",
         1, 11},
        {"\xEF\xBB\xBF# \x01", 1, 3},
        {"currency: USD\r\ngrace: x\r\nproducts: {}\r\n", 2, 8},
        {"currency: USD\r\n# \x01\r\n", 2, 3},
        {"currency: USD\rgrace: x\rproducts: {}\r", 2, 8},
        {"currency: USD\r# \x01\r", 2, 3},
        {"\r\n\r\n\n\rcurrency: x\nproducts: {}\n", 5, 11},
        {"currency: USD\nproducts: {node: {settle: hourly, skus: {é✓😀: {payg: 1}}}}\n", 2, 54},
        {"currency: USD\nproducts: {node: {settle: hourly, skus: {\"é✓😀\": {payg: \x01}}}}\n", 2, 56},
        {"currency: USD\n#\u2028#\xC2\x85grace: x\nproducts: {}\n", 4, 8},
        {"currency: USD\n#\u2028#\xC2\x85# \x01\n", 4, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct catalog_error place = {.line = cases[i].line, .column = cases[i].column};
        must_refuse(str_of(cases[i].text), &place, "");
    }
}

static struct str repeat(struct packer *into, const char *text, size_t size)
{
    vec_clear(&into->bytes);
    while (into->bytes.count + strlen(text) <= size)
        pack_raw(into, text, strlen(text));
    return (struct str){into->bytes.at, into->bytes.count};
}

/* libyaml's time grows with the square of what is open. */
static void nesting_ends_the_reading_where_it_passes_its_bound(void **state)
{
    (void)state;
    enum { DEPTH = 16 };
    static const struct {
        const char *text;
        uint32_t line, column;
    } cases[] = {
        {"[", 1, 17},   {"{", 1, 17},   {"- ", 1, 33},     {"? ", 1, 33},      {"[\n", 17, 1},
        {"{\n", 17, 1}, {"[{", 1, 17},  {"{a: ", 1, 65},   {"{\"a\":", 1, 81}, {"[a,", 1, 49},
        {"? [", 1, 25}, {"[?\n", 9, 1}, {"[ #[\n", 17, 1},
    };
    struct packer text = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_tree tree = {0};
        struct catalog_error error = {0};
        yaml_tree_read(&tree, repeat(&text, cases[i].text, 1 << 20), &error);
        assert_int_equal(error.line, cases[i].line);
        assert_int_equal(error.column, cases[i].column);
        assert_string_equal(error.message, "expected less nesting");
        assert_in_range(tree.nodes.count, DEPTH + 1, 2 * DEPTH + 1); /* of a million that stand there */
        yaml_tree_release(&tree);
    }
    vec_release(&text.bytes);
}

/* libyaml's time grows with the square of their number. */
static void directives_are_refused_beyond_a_few(void **state)
{
    (void)state;
    struct packer text = {0};
    struct catalog_error place = {.line = 17, .column = 1};
    must_refuse(repeat(&text, "%TAG ! !\n", 1 << 20), &(struct catalog_error){.line = 2, .column = 1},
                "YAML");
    char line[32];
    vec_clear(&text.bytes);
    for (int i = 0; i < 50000; i++)
        pack_raw(&text, line, (size_t)snprintf(line, sizeof line, "%%TAG !a%d! b\n", i));
    must_refuse((struct str){text.bytes.at, text.bytes.count}, &place, "fewer directives");
    vec_release(&text.bytes);
}

static void a_catalog_beyond_its_bounds_is_refused(void **state)
{
    (void)state;
    struct packer text = {0};
    struct catalog_error place = {.line = 1, .column = 1};
    must_refuse(repeat(&text, "#\n", (3 << 20) + 2), &place, "a catalog of at most 3 MiB");
    must_refuse(repeat(&text, "#\n", 3 << 20), &place, "a catalog: a map");
    must_refuse((struct str){NULL, 0}, &place, "a catalog: a map");
    vec_release(&text.bytes);
}

static uint32_t encode(uint32_t c, char out[4])
{
    uint32_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (uint32_t i = size; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[size] | c);
    return size;
}

/* Else libyaml's own reader would refuse it, without a place. */
static void every_character_that_is_let_through_is_one_of_yamls(void **state)
{
    (void)state;
    enum { BELOW_A0 = 3 + 95 + 1, BELOW_10000 = 0xFFFE - 0xA0 - 0x800, ABOVE = 0x100000 };
    struct packer text = {0};
    struct catalog_error error;
    uint32_t let_through = 0;
    pack_raw(&text, HEAD EMPTY, sizeof(HEAD EMPTY) - 1);
    for (uint32_t c = 0; c < 0x110000; c++) {
        char character[4];
        uint32_t size = encode(c, character);
        struct yaml_text checked = yaml_text_check((struct str){character, size});
        assert_int_equal(checked.good.size, checked.fault == NULL ? size : 0);
        if (checked.fault != NULL)
            continue;
        let_through++;
        pack_raw(&text, "#", 1);
        pack_raw(&text, character, size);
        pack_raw(&text, "\n", 1);
        if (text.bytes.count < 2 << 20 && c + 1 < 0x110000)
            continue;
        /* A catalog's worth of them. */
        struct catalog *catalog = catalog_parse((struct str){text.bytes.at, text.bytes.count}, &error);
        assert_non_null(catalog);
        catalog_free(catalog);
        text.bytes.count = sizeof(HEAD EMPTY) - 1;
    }
    assert_int_equal(let_through, BELOW_A0 + BELOW_10000 + ABOVE);
    vec_release(&text.bytes);
}

static struct str read_whole(const char *path, struct packer *text)
{
    char piece[4096];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    vec_clear(&text->bytes);
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        pack_raw(text, piece, got);
    fclose(file);
    return (struct str){text->bytes.at, text->bytes.count};
}

static void the_worked_catalogs_are_refused_at_their_line(void **state)
{
    (void)state;
    char line[200], path[300];
    size_t count = 0;
    glob_t found;
    struct packer text = {0};
    FILE *expected = fopen("tests/catalogs/expected", "r");
    assert_non_null(expected);
    for (; fgets(line, sizeof line, expected) != NULL; count++) {
        struct catalog_error error;
        char *colon = strrchr(line, ':');
        assert_non_null(colon);
        *colon = '\0';
        snprintf(path, sizeof path, "tests/catalogs/%s", line);
        assert_null(catalog_parse(read_whole(path, &text), &error));
        if (error.line != strtoul(colon + 1, NULL, 10))
            fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.message);
    }
    fclose(expected);
    assert_int_equal(glob("tests/catalogs/bad/*", 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, count);
    globfree(&found);
    vec_release(&text.bytes);
}

static void the_worked_good_catalogs_are_taken(void **state)
{
    (void)state;
    glob_t found;
    struct packer text = {0};
    assert_int_equal(glob("tests/catalogs/good/*", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct catalog_error error;
        struct catalog *catalog = catalog_parse(read_whole(found.gl_pathv[i], &text), &error);
        if (catalog == NULL)
            fail_msg("%s:%u:%u: %s", found.gl_pathv[i], error.line, error.column, error.message);
        catalog_free(catalog);
    }
    globfree(&found);
    vec_release(&text.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_that_are_unknown_twice_or_missing_are_refused),
        cmocka_unit_test(values_that_are_not_what_their_key_wants_are_refused),
        cmocka_unit_test(times_that_do_not_rise_and_names_that_no_event_can_say_are_refused),
        cmocka_unit_test(a_null_is_refused_wherever_it_stands),
        cmocka_unit_test(what_is_clever_or_broken_in_yaml_is_refused),
        cmocka_unit_test(bytes_that_are_no_text_are_refused_where_they_stand),
        cmocka_unit_test(the_first_fault_is_named),
        cmocka_unit_test(columns_count_characters_and_lines_end_in_any_way),
        cmocka_unit_test(nesting_ends_the_reading_where_it_passes_its_bound),
        cmocka_unit_test(directives_are_refused_beyond_a_few),
        cmocka_unit_test(a_catalog_beyond_its_bounds_is_refused),
        cmocka_unit_test(every_character_that_is_let_through_is_one_of_yamls),
        cmocka_unit_test(the_worked_catalogs_are_refused_at_their_line),
        cmocka_unit_test(the_worked_good_catalogs_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
