#include <errno.h>
#include <stdio.h>

#include "cli/catalog_file.h"
#include "cli/command.h"
#include "lib/io/file.h"

enum { CATALOG_BYTES_MAX = 8 * 1024 * 1024 };

struct catalog *catalog_file_read(const char *path, struct packer *text)
{
    if (!file_read(path, CATALOG_BYTES_MAX, text)) {
        fprintf(stderr, "hourglass: %s: %s\n", path, strerror(errno));
        return NULL;
    }
    struct catalog_error error;
    struct catalog *catalog = catalog_parse((struct str){text->bytes.at, text->bytes.count}, &error);
    if (catalog == NULL)
        fprintf(stderr, "%s:%u:%u: %s\n", path, error.line, error.column, error.message);
    return catalog;
}

static struct option_list files;

static const struct option_row rows[] = {
    {"files", OPTION_LIST, &files, NULL, 0, 0, "catalogs, YAML; - is standard input", .value = "FILE",
     .argument = true},
};

static const struct option_page page = {
    .name = "hourglass catalog check",
    .summary = "Check catalogs; say where the first fault of each stands.",
    .example = "  hourglass catalog check deploy/local/catalog.yaml\n",
    .statuses =
        "0 all are good, and each is told with its skus and currency; 2 one is not: FILE:LINE:COLUMN.",
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
    .misused = EXIT_UNUSABLE,
    .arguments_only = true,
};

/* False: said on standard error. */
static bool check(const char *path, struct packer *report)
{
    struct packer text = {0};
    struct catalog *catalog = catalog_file_read(path, &text);
    if (catalog != NULL) {
        char line[64];
        pack_raw(report, path, strlen(path));
        int size = snprintf(line, sizeof line, ": %u skus, prices in %s\n", catalog_sku_count(catalog),
                            catalog_currency(catalog));
        pack_raw(report, line, (size_t)size);
    }
    bool good = catalog != NULL;
    catalog_free(catalog);
    vec_release(&text.bytes);
    return good;
}

static int run(void)
{
    int status = EXIT_OK;
    struct packer report = {0};
    for (uint32_t i = 0; i < files.values.count; i++)
        if (!check(files.values.at[i], &report))
            status = EXIT_UNUSABLE;
    if (status == EXIT_OK)
        fwrite(report.bytes.at, 1, report.bytes.count, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "hourglass: standard output: %s\n", strerror(errno));
        status = EXIT_UNUSABLE;
    }
    vec_release(&report.bytes);
    return status;
}

const struct command command_catalog_check = {&page, run};
