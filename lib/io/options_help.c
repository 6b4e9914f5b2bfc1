/* --help, and the pages of docs/options.md: printed from the same tables that are read. */
#include <string.h>

#include "lib/io/options.h"

static const char *value_of(const struct option_row *row)
{
    return row->value != NULL ? row->value : "VALUE";
}

static bool is_needed(const struct option_row *row)
{
    return row->initial == NULL && (row->type == OPTION_TEXT || row->type == OPTION_LIST);
}

void options_print_usage(const struct option_page *page, FILE *out)
{
    fprintf(out, "%s", page->name);
    for (size_t i = 0; i < page->count; i++) {
        const struct option_row *row = &page->rows[i];
        if (!row->argument && is_needed(row))
            fprintf(out, " --%s %s%s", row->name, value_of(row), row->type == OPTION_LIST ? "..." : "");
    }
    fprintf(out, " [--OPTION VALUE]...");
    for (size_t i = 0; i < page->count; i++) {
        const struct option_row *row = &page->rows[i];
        if (row->argument)
            fprintf(out, is_needed(row) ? " %s%s" : " [%s%s]", value_of(row),
                    row->type == OPTION_LIST ? "..." : "");
    }
}

static void print_name(const struct option_row *row, FILE *out)
{
    if (row->argument) {
        fprintf(out, "%s", value_of(row));
        return;
    }
    const char *value = row->type == OPTION_SWITCH ? "" : value_of(row), *blank = *value == 0 ? "" : " ";
    if (row->letter != 0)
        fprintf(out, "-%c%s%s, ", row->letter, blank, value);
    fprintf(out, "--%s%s%s", row->name, blank, value);
}

static bool has_default(const struct option_row *row)
{
    return row->initial != NULL && row->initial[0] != 0 &&
           !(row->type == OPTION_SWITCH && strcmp(row->initial, "false") == 0);
}

void options_print_help(const struct option_page *page, FILE *out)
{
    fprintf(out, "usage: ");
    options_print_usage(page, out);
    fprintf(out, "\n\n%s\n\n", page->summary);
    if (page->details != NULL)
        fprintf(out, "%s\n", page->details);
    for (size_t i = 0; i < page->count; i++) {
        const struct option_row *row = &page->rows[i];
        fprintf(out, "  ");
        print_name(row, out);
        fprintf(out, "\n      %s", row->help);
        if (has_default(row))
            fprintf(out, " [%s]", row->initial);
        fprintf(out, "\n");
    }
    if (page->arguments_only)
        fprintf(out, "  -h, --help; --version\n");
    else
        fprintf(out, "  --config FILE; --check-config; -h, --help; --version\n\n"
                     "Each option is also a key of the YAML file, and HOURGLASS_NAME in the environment\n"
                     "(capitals, _ for -). A flag is stronger than the environment, that than the file.\n");
    if (page->statuses != NULL)
        fprintf(out, "\nExit status: %s\n", page->statuses);
    if (page->example != NULL)
        fprintf(out, "\nExample:\n%s", page->example);
}

/* --- Markdown --- */

static void print_cell(const char *text, FILE *out)
{
    for (bool blank = false; *text != 0; text++) {
        bool is_blank = *text == ' ' || *text == '\n';
        if (*text == '|')
            fputc('\\', out);
        if (!is_blank || !blank)
            fputc(is_blank ? ' ' : *text, out);
        blank = is_blank;
    }
}

static void print_row(const struct option_page *page, const struct option_row *row, FILE *out)
{
    char variable[96] = "";
    if (!row->argument && !page->arguments_only)
        options_variable(row, variable);
    fprintf(out, "| `");
    print_name(row, out);
    fprintf(out, "` | %s%s%s | ", *variable == 0 ? "" : "`", variable, *variable == 0 ? "" : "`");
    if (has_default(row))
        fprintf(out, "`%s`", row->initial);
    else
        fprintf(out, "%s", is_needed(row) ? "needed" : "");
    fprintf(out, " | ");
    print_cell(row->help, out);
    fprintf(out, " |\n");
}

void options_print_markdown(const struct option_page *page, FILE *out)
{
    fprintf(out, "## %s\n\n    ", page->name);
    options_print_usage(page, out);
    fprintf(out, "\n\n%s\n\n", page->summary);
    if (page->details != NULL)
        fprintf(out, "%s\n", page->details);
    fprintf(out, "| option | environment | default | |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < page->count; i++)
        print_row(page, &page->rows[i], out);
    if (page->statuses != NULL)
        fprintf(out, "\nExit status: %s\n", page->statuses);
    if (page->example != NULL)
        fprintf(out, "\n```\n%s```\n", page->example);
    fprintf(out, "\n");
}
