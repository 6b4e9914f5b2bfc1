#include "collectors/tokens.h"

#include <errno.h>
#include <string.h>

#include "collectors/http_form.h"
#include "lib/io/file.h"

enum { FILE_BYTES_MAX = 1 << 20 };

static uint32_t count_of(const struct packer *lines)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < lines->bytes.count; i++)
        count += lines->bytes.at[i] != '\n' && (i == 0 || lines->bytes.at[i - 1] == '\n');
    return count;
}

static enum error_class read_at_least(struct tokens *tokens, uint32_t least, struct error *error)
{
    struct packer lines = {0};
    const char *why = NULL;
    if (tokens->path[0] == 0)
        return ERROR_NONE;
    if (!file_read(tokens->path, FILE_BYTES_MAX, &lines))
        why = strerror(errno);
    else if (count_of(&lines) < least)
        why = "there is no token in it";
    if (why != NULL) {
        vec_release(&lines.bytes);
        return error_set(error, ERROR_FATAL, tokens->path, why);
    }
    vec_release(&tokens->lines.bytes);
    tokens->lines = lines;
    return ERROR_NONE;
}

enum error_class tokens_read(struct tokens *tokens, struct error *error)
{
    return read_at_least(tokens, 0, error);
}

enum error_class tokens_read_again(struct tokens *tokens, struct error *error)
{
    return read_at_least(tokens, 1, error);
}

uint32_t tokens_count(const struct tokens *tokens)
{
    return count_of(&tokens->lines);
}

bool tokens_know(const struct tokens *tokens, struct str token)
{
    return http_form_token_known((struct str){tokens->lines.bytes.at, tokens->lines.bytes.count}, token);
}

void tokens_release(struct tokens *tokens)
{
    vec_release(&tokens->lines.bytes);
}
