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

int command_catalog_check(int count, char **arguments)
{
    if (count == 1 && strcmp(arguments[0], "--help") == 0)
        return command_help("catalog check");
    if (count == 0)
        return command_misused("catalog check", "expected a file");
    int status = EXIT_OK;
    struct packer report = {0};
    for (int i = 0; i < count; i++) {
        struct packer text = {0};
        struct catalog *catalog = catalog_file_read(arguments[i], &text);
        if (catalog == NULL) {
            status = EXIT_UNUSABLE;
        } else {
            char line[64];
            pack_raw(&report, arguments[i], strlen(arguments[i]));
            int size = snprintf(line, sizeof line, ": %u skus, prices in %s\n", catalog_sku_count(catalog),
                                catalog_currency(catalog));
            pack_raw(&report, line, (size_t)size);
        }
        catalog_free(catalog);
        vec_release(&text.bytes);
    }
    if (status == EXIT_OK)
        fwrite(report.bytes.at, 1, report.bytes.count, stdout);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "hourglass: standard output: %s\n", strerror(errno));
        status = EXIT_UNUSABLE;
    }
    vec_release(&report.bytes);
    return status;
}
