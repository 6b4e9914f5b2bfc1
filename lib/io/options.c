#include "lib/io/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/base/check.h"
#include "lib/base/nearest.h"
#include "lib/base/version.h"
#include "lib/codec/wire.h"
#include "lib/domain/yaml_tree.h"
#include "lib/io/file.h"

enum { CONFIG_BYTES_MAX = 1 << 20 };

struct reading {
    const struct option_page *page;
    bool set[OPTIONS_MAX]; /* by a stronger source already */
    const char *config;    /* --config FILE */
    bool check;            /* --check-config */
};

static const struct option_row *find(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->page->count; i++)
        if (!reading->page->rows[i].argument && strcmp(reading->page->rows[i].name, name) == 0)
            return &reading->page->rows[i];
    return NULL;
}

static const struct option_row *find_letter(const struct reading *reading, char letter)
{
    for (size_t i = 0; i < reading->page->count; i++)
        if (letter != 0 && reading->page->rows[i].letter == letter)
            return &reading->page->rows[i];
    return NULL;
}

/* --- values --- */

static const char *assign_number(const struct option_row *row, const char *value)
{
    static char expected[128];
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    bool begins = isdigit((unsigned char)value[0]) || value[0] == '-';
    if (!begins || errno != 0 || end == value || *end != 0 || number < row->least || number > row->most) {
        snprintf(expected, sizeof expected, "expected an integer from %lld to %lld", (long long)row->least,
                 (long long)row->most);
        return expected;
    }
    *(int64_t *)row->into = number;
    return NULL;
}

/* NULL: it is one of the row's words, or the row has none. */
static const char *look_up(const struct option_row *row, const char *value)
{
    static char expected[256];
    size_t at = (size_t)snprintf(expected, sizeof expected, "expected");
    for (const char *const *word = row->words; word != NULL && *word != NULL; word++) {
        if (strcmp(*word, value) == 0)
            return NULL;
        const char *before = word == row->words ? " " : word[1] == NULL ? " or " : ", ";
        if (at < sizeof expected)
            at += (size_t)snprintf(expected + at, sizeof expected - at, "%s%s", before, *word);
    }
    return row->words == NULL ? NULL : expected;
}

/* Of a value that was given, by flag, environment or file. NULL: it may stand there. */
static const char *look_at(const struct option_row *row, const char *value)
{
    static char expected[96];
    size_t size = strlen(value);
    if (row->name_bytes > 0 &&
        (size == 0 || size > row->name_bytes || !wire_is_name((struct str){value, (uint32_t)size}))) {
        snprintf(expected, sizeof expected,
                 "expected a name: 1 to %u bytes of UTF-8 without control characters", row->name_bytes);
        return expected;
    }
    return row->filled && size == 0 ? "expected a value that is not empty" : NULL;
}

/* What was expected; NULL: the value was taken. */
static const char *assign(const struct option_row *row, const char *value)
{
    const char *why = look_up(row, value);
    if (why != NULL)
        return why;
    switch (row->type) {
    case OPTION_TEXT:
        *(const char **)row->into = value;
        return NULL;
    case OPTION_LIST:
        vec_push(&((struct option_list *)row->into)->values, value);
        return NULL;
    case OPTION_SWITCH:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return "expected true or false";
        *(bool *)row->into = strcmp(value, "true") == 0;
        return NULL;
    case OPTION_NUMBER:
        return assign_number(row, value);
    }
    return "expected another type";
}

static int misused(const struct reading *reading)
{
    return reading->page->misused != 0 ? reading->page->misused : EX_USAGE;
}

static int refuse(const struct reading *reading, const char *where, const char *why, int status)
{
    fprintf(stderr, "%s: %s: %s\n", reading->page->name, where, why);
    return status;
}

int options_misused(const struct option_page *page, const char *why)
{
    fprintf(stderr, "%s: %s (--help tells more)\n", page->name, why);
    return page->misused != 0 ? page->misused : EX_USAGE;
}

/* --- the command line --- */

/* Only its name is repeated: a password may stand in its value. */
static int refuse_unknown(const struct reading *reading, const char *argument, const char *name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < reading->page->count; i++)
        if (!reading->page->rows[i].argument)
            nearest_look(&nearest, reading->page->rows[i].name);
    nearest_look(&nearest, "help");
    nearest_look(&nearest, "version");
    fprintf(stderr, "%s: unknown option %.*s", reading->page->name, (int)strcspn(argument, "="), argument);
    if (nearest.word != NULL)
        fprintf(stderr, " (did you mean --%s?)\n", nearest.word);
    else
        fprintf(stderr, " (--help lists them)\n");
    return misused(reading);
}

static int take_value(struct reading *reading, const struct option_row *row, const char *shown,
                      const char *value)
{
    const char *why = look_at(row, value);
    if (why == NULL)
        why = assign(row, value);
    if (why != NULL)
        return refuse(reading, shown, why, misused(reading));
    reading->set[row - reading->page->rows] = true;
    return OPTIONS_GO;
}

/* An argument by itself: into the first argument's row that still takes one. */
static int take_argument(struct reading *reading, const char *argument)
{
    for (size_t i = 0; i < reading->page->count; i++) {
        const struct option_row *row = &reading->page->rows[i];
        if (row->argument && (row->type == OPTION_LIST || !reading->set[i]))
            return take_value(reading, row, row->value, argument);
    }
    return refuse(reading, argument, "expected no such argument (--help tells more)", misused(reading));
}

/* A flag's name, and its value if it is attached; NULL: it stands behind it. */
struct flag {
    char name[96];
    const struct option_row *row;
    const char *value;
};

static void split(const struct reading *reading, const char *argument, struct flag *flag)
{
    *flag = (struct flag){.value = NULL};
    if (argument[1] != '-') {
        flag->row = find_letter(reading, argument[1]);
        flag->value = argument[2] == 0 ? NULL : argument + 2;
        snprintf(flag->name, sizeof flag->name, "%s", argument + 1);
        return;
    }
    size_t length = strcspn(argument + 2, "=");
    snprintf(flag->name, sizeof flag->name, "%.*s", (int)length, argument + 2);
    flag->value = argument[2 + length] == '=' ? argument + 3 + length : NULL;
    flag->row = find(reading, flag->name);
}

/* One that every page has and that takes no value. */
static bool take_common(struct reading *reading, const struct flag *flag)
{
    bool check = strcmp(flag->name, "check-config") == 0 && !reading->page->arguments_only;
    reading->check = reading->check || check;
    return check;
}

static int read_flag(struct reading *reading, char **arguments, int count, int *at)
{
    const char *argument = arguments[*at];
    struct flag flag;
    split(reading, argument, &flag);
    if (take_common(reading, &flag))
        return OPTIONS_GO;
    bool is_config = strcmp(flag.name, "config") == 0 && !reading->page->arguments_only;
    if (flag.row == NULL && !is_config)
        return refuse_unknown(reading, argument, flag.name);
    bool bare_switch = flag.row != NULL && flag.row->type == OPTION_SWITCH && flag.value == NULL;
    if (flag.value == NULL && !bare_switch && *at + 1 >= count)
        return refuse(reading, argument, "expected a value", misused(reading));
    const char *value = flag.value != NULL ? flag.value : bare_switch ? "true" : arguments[++*at];
    if (!is_config)
        return take_value(reading, flag.row, argument, value);
    reading->config = value;
    return OPTIONS_GO;
}

static int read_flags(struct reading *reading, int count, char **arguments)
{
    bool only_arguments = false;
    int status = OPTIONS_GO;
    for (int i = 1; i < count && status == OPTIONS_GO; i++) {
        const char *argument = arguments[i];
        if (only_arguments || argument[0] != '-' || argument[1] == 0)
            status = take_argument(reading, argument);
        else if (strcmp(argument, "--") == 0)
            only_arguments = true;
        else
            status = read_flag(reading, arguments, count, &i);
    }
    return status;
}

/* --- environment --- */

void options_variable(const struct option_row *row, char name[96])
{
    size_t at = (size_t)snprintf(name, 96, "HOURGLASS_");
    for (const char *c = row->name; *c != 0 && at + 1 < 96; c++)
        name[at++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    name[at] = 0;
}

static int read_environment(struct reading *reading)
{
    for (size_t i = 0; i < reading->page->count; i++) {
        char name[96];
        options_variable(&reading->page->rows[i], name);
        const char *value = reading->page->rows[i].argument ? NULL : getenv(name);
        if (value == NULL || reading->set[i])
            continue;
        int status = take_value(reading, &reading->page->rows[i], name, value);
        if (status != OPTIONS_GO)
            return status;
    }
    return OPTIONS_GO;
}

/* --- file --- */

static int refuse_node(const char *path, const struct yaml_node *node, const char *why)
{
    fprintf(stderr, "%s:%u:%u: %s\n", path, node->line, node->column, why);
    return EX_CONFIG;
}

static int refuse_key(const struct reading *reading, const char *path, const struct yaml_node *key)
{
    char name[96], why[192];
    snprintf(name, sizeof name, "%.*s", STR_ARG(key->text));
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < reading->page->count; i++)
        if (!reading->page->rows[i].argument)
            nearest_look(&nearest, reading->page->rows[i].name);
    snprintf(why, sizeof why,
             nearest.word != NULL ? "unknown key (did you mean %s?)" : "unknown key (--help lists them)",
             nearest.word);
    return refuse_node(path, key, why);
}

static int read_pair(struct reading *reading, const char *path, const struct yaml_node *key,
                     const struct yaml_node *value)
{
    char *name = strndup(key->text.at == NULL ? "" : key->text.at, key->text.size);
    const struct option_row *row = key->kind == YAML_SCALAR ? find(reading, name) : NULL;
    free(name);
    if (row == NULL)
        return refuse_key(reading, path, key);
    if (value->kind != YAML_SCALAR)
        return refuse_node(path, value, "expected one value");
    if (reading->set[row - reading->page->rows])
        return OPTIONS_GO;
    char *text = strndup(value->text.at == NULL ? "" : value->text.at, value->text.size);
    const char *why = look_at(row, text);
    if (why == NULL)
        why = assign(row, text);
    if (why != NULL || row->type == OPTION_NUMBER || row->type == OPTION_SWITCH)
        free(text); /* else the option points to it */
    if (why != NULL)
        return refuse_node(path, value, why);
    reading->set[row - reading->page->rows] = true;
    return OPTIONS_GO;
}

static int read_tree(struct reading *reading, const char *path, const struct yaml_tree *tree)
{
    if (tree->nodes.count == 0)
        return OPTIONS_GO;
    const struct yaml_node *root = &tree->nodes.at[0];
    if (root->kind != YAML_MAP)
        return refuse_node(path, root, "expected a map of options");
    for (uint32_t i = 0; i + 1 < root->items.count; i += 2) {
        const struct yaml_node *key = &tree->nodes.at[root->items.at[i]];
        for (uint32_t j = 0; j < i; j += 2)
            if (str_equal(tree->nodes.at[root->items.at[j]].text, key->text))
                return refuse_node(path, key, "expected each key once");
        int status = read_pair(reading, path, key, &tree->nodes.at[root->items.at[i + 1]]);
        if (status != OPTIONS_GO)
            return status;
    }
    return OPTIONS_GO;
}

static int read_file(struct reading *reading, const char *path)
{
    struct packer text = {0};
    if (!file_read(path, CONFIG_BYTES_MAX, &text)) {
        int refused = refuse(reading, path, strerror(errno), EX_CONFIG);
        vec_release(&text.bytes);
        return refused;
    }
    struct yaml_tree tree = {0};
    struct catalog_error error = {0};
    yaml_tree_read(&tree, (struct str){text.bytes.at, text.bytes.count}, &error);
    int status;
    if (error.line != 0) {
        fprintf(stderr, "%s:%u:%u: %s\n", path, error.line, error.column, error.message);
        status = EX_CONFIG;
    } else {
        status = read_tree(reading, path, &tree);
    }
    yaml_tree_release(&tree);
    vec_release(&text.bytes);
    return status;
}

/* --- the whole --- */

static int fill_defaults(const struct reading *reading)
{
    for (size_t i = 0; i < reading->page->count; i++) {
        const struct option_row *row = &reading->page->rows[i];
        if (reading->set[i])
            continue;
        bool needed = row->type == OPTION_TEXT || row->type == OPTION_LIST;
        if (row->initial == NULL && needed) {
            char why[256];
            const char *value = row->value != NULL ? row->value : "VALUE";
            snprintf(why, sizeof why, "expected %s%s%s%s: %s", row->argument ? "" : "--",
                     row->argument ? "" : row->name, row->argument ? "" : " ", value, row->help);
            return options_misused(reading->page, why);
        }
        if (row->initial != NULL && (row->type != OPTION_LIST || row->initial[0] != 0))
            CHECK(assign(row, row->initial) == NULL);
    }
    return OPTIONS_GO;
}

/* What --check-config asks of the values beyond their form. */
static int check_values(const struct reading *reading)
{
    for (size_t i = 0; i < reading->page->count; i++) {
        const struct option_row *row = &reading->page->rows[i];
        if (row->check == NULL || row->type != OPTION_TEXT)
            continue;
        const char *value = *(const char **)row->into;
        const char *why = value[0] == 0 ? NULL : row->check(value);
        if (why == NULL)
            continue;
        /* The value is not repeated: a password may stand in it. */
        fprintf(stderr, "%s: --%s: %s\n", reading->page->name, row->name, why);
        return EX_CONFIG;
    }
    printf("%s: configuration is good\n", reading->page->name);
    return EX_OK;
}

/* OPTIONS_GO: nothing is to be printed instead of working. */
static int print_instead(const struct option_page *page, int count, char **arguments)
{
    for (int i = 1; i < count && strcmp(arguments[i], "--") != 0; i++) {
        bool help = strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0;
        if (help)
            options_print_help(page, stdout);
        else if (strcmp(arguments[i], "--help=markdown") == 0)
            options_print_markdown(page, stdout);
        else if (strcmp(arguments[i], "--version") == 0)
            printf("%.*s %s\n", (int)strcspn(page->name, " "), page->name, version_text());
        else
            continue;
        return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
    }
    return OPTIONS_GO;
}

int options_read(const struct option_page *page, int count, char **arguments)
{
    struct reading reading = {.page = page};
    CHECK(page->count <= OPTIONS_MAX);
    int status = print_instead(page, count, arguments);
    if (status == OPTIONS_GO)
        status = read_flags(&reading, count, arguments);
    if (status == OPTIONS_GO && !page->arguments_only)
        status = read_environment(&reading);
    if (status == OPTIONS_GO && reading.config != NULL)
        status = read_file(&reading, reading.config);
    if (status == OPTIONS_GO)
        status = fill_defaults(&reading);
    return status == OPTIONS_GO && reading.check ? check_values(&reading) : status;
}
