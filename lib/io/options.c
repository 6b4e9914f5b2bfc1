#include "lib/io/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "lib/domain/yaml_tree.h"
#include "lib/io/file.h"

enum { CONFIG_BYTES_MAX = 1 << 20, ROWS_MAX = 64 };

struct reading {
    const char *program;
    const struct option_row *rows;
    size_t count;
    bool set[ROWS_MAX]; /* by a stronger source already */
};

static const struct option_row *find(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->count; i++)
        if (strcmp(reading->rows[i].name, name) == 0)
            return &reading->rows[i];
    return NULL;
}

/* What was expected; NULL: the value was taken. */
static const char *assign(const struct option_row *row, const char *value)
{
    static char expected[128];
    char *end;
    switch (row->type) {
    case OPTION_TEXT:
        *(const char **)row->into = value;
        return NULL;
    case OPTION_SWITCH:
        if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
            return "expected true or false";
        *(bool *)row->into = strcmp(value, "true") == 0;
        return NULL;
    case OPTION_NUMBER:
        break;
    }
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

static int refuse(const struct reading *reading, const char *where, const char *why, int status)
{
    fprintf(stderr, "%s: %s: %s\n", reading->program, where, why);
    return status;
}

/* --- flags --- */

static int read_flags(struct reading *reading, int count, char **arguments, const char **config, bool *check)
{
    for (int i = 1; i < count; i++) {
        const char *argument = arguments[i];
        if (strcmp(argument, "--check-config") == 0) {
            *check = true;
            continue;
        }
        const char *equals = strchr(argument, '=');
        char *name = equals != NULL ? strndup(argument, (size_t)(equals - argument)) : strdup(argument);
        bool is_config = strcmp(name, "--config") == 0;
        const struct option_row *row = strncmp(name, "--", 2) == 0 ? find(reading, name + 2) : NULL;
        free(name);
        if (row == NULL && !is_config)
            return refuse(reading, argument, "unknown option (--help lists them)", EX_USAGE);
        bool bare_switch = row != NULL && row->type == OPTION_SWITCH && equals == NULL;
        if (equals == NULL && !bare_switch && i + 1 == count)
            return refuse(reading, argument, "expected a value", EX_USAGE);
        const char *value = equals != NULL ? equals + 1 : bare_switch ? "true" : arguments[++i];
        if (is_config) {
            *config = value;
            continue;
        }
        const char *why = assign(row, value);
        if (why != NULL)
            return refuse(reading, argument, why, EX_USAGE);
        reading->set[row - reading->rows] = true;
    }
    return OPTIONS_GO;
}

/* --- environment --- */

static int read_environment(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        char name[96] = "HOURGLASS_";
        size_t at = strlen(name);
        for (const char *c = reading->rows[i].name; *c != 0 && at + 1 < sizeof name; c++)
            name[at++] = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
        name[at] = 0;
        const char *value = getenv(name);
        if (value == NULL || reading->set[i])
            continue;
        const char *why = assign(&reading->rows[i], value);
        if (why != NULL)
            return refuse(reading, name, why, EX_USAGE);
        reading->set[i] = true;
    }
    return OPTIONS_GO;
}

/* --- file --- */

static int refuse_node(const struct reading *reading, const char *path, const struct yaml_node *node,
                       const char *why)
{
    (void)reading;
    fprintf(stderr, "%s:%u:%u: %s\n", path, node->line, node->column, why);
    return EX_CONFIG;
}

static int read_pair(struct reading *reading, const char *path, const struct yaml_node *key,
                     const struct yaml_node *value)
{
    char *name = strndup(key->text.at == NULL ? "" : key->text.at, key->text.size);
    const struct option_row *row = key->kind == YAML_SCALAR ? find(reading, name) : NULL;
    free(name);
    if (row == NULL)
        return refuse_node(reading, path, key, "unknown key (--help lists them)");
    if (value->kind != YAML_SCALAR)
        return refuse_node(reading, path, value, "expected one value");
    if (reading->set[row - reading->rows])
        return OPTIONS_GO;
    char *text = strndup(value->text.at == NULL ? "" : value->text.at, value->text.size);
    const char *why = assign(row, text);
    if (row->type != OPTION_TEXT)
        free(text); /* else the option points to it */
    if (why != NULL)
        return refuse_node(reading, path, value, why);
    reading->set[row - reading->rows] = true;
    return OPTIONS_GO;
}

static int read_tree(struct reading *reading, const char *path, const struct yaml_tree *tree)
{
    if (tree->nodes.count == 0)
        return OPTIONS_GO;
    const struct yaml_node *root = &tree->nodes.at[0];
    if (root->kind != YAML_MAP)
        return refuse_node(reading, path, root, "expected a map of options");
    for (uint32_t i = 0; i + 1 < root->items.count; i += 2) {
        const struct yaml_node *key = &tree->nodes.at[root->items.at[i]];
        for (uint32_t j = 0; j < i; j += 2)
            if (str_equal(tree->nodes.at[root->items.at[j]].text, key->text))
                return refuse_node(reading, path, key, "expected each key once");
        int status = read_pair(reading, path, key, &tree->nodes.at[root->items.at[i + 1]]);
        if (status != OPTIONS_GO)
            return status;
    }
    return OPTIONS_GO;
}

static int read_file(struct reading *reading, const char *path)
{
    struct packer text = {0};
    if (!file_read(path, CONFIG_BYTES_MAX, &text))
        return refuse(reading, path, strerror(errno), EX_CONFIG);
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

static int print_help(const struct reading *reading, const char *summary)
{
    printf("usage: %s [--config FILE] [--check-config] [--OPTION VALUE]...\n\n%s\n\n", reading->program,
           summary);
    for (size_t i = 0; i < reading->count; i++) {
        const struct option_row *row = &reading->rows[i];
        printf("  --%s%s\n      %s", row->name, row->type == OPTION_SWITCH ? "" : " VALUE", row->help);
        if (row->initial != NULL && row->initial[0] != 0)
            printf(" [%s]", row->initial);
        printf("\n");
    }
    printf("\nEach option is also a key of the YAML file, and HOURGLASS_NAME in the environment\n"
           "(capitals, _ for -). A flag is stronger than the environment, that than the file.\n");
    return EX_OK;
}

static int fill_defaults(const struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct option_row *row = &reading->rows[i];
        if (reading->set[i])
            continue;
        if (row->initial == NULL && row->type == OPTION_TEXT) {
            fprintf(stderr, "%s: expected --%s VALUE (%s)\n", reading->program, row->name, row->help);
            return EX_USAGE;
        }
        if (row->initial != NULL)
            assign(row, row->initial);
    }
    return OPTIONS_GO;
}

int options_read(const char *program, const char *summary, const struct option_row *rows, size_t count,
                 int argument_count, char **arguments)
{
    struct reading reading = {.program = program, .rows = rows, .count = count};
    const char *config = NULL;
    bool check = false;
    if (count > ROWS_MAX)
        return EX_SOFTWARE;
    for (int i = 1; i < argument_count; i++)
        if (strcmp(arguments[i], "--help") == 0)
            return print_help(&reading, summary);
    int status = read_flags(&reading, argument_count, arguments, &config, &check);
    if (status == OPTIONS_GO)
        status = read_environment(&reading);
    if (status == OPTIONS_GO && config != NULL)
        status = read_file(&reading, config);
    if (status == OPTIONS_GO)
        status = fill_defaults(&reading);
    return status == OPTIONS_GO && check ? EX_OK : status;
}
