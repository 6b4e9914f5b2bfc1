#include "collectors/core/answer.h"

#include <stdio.h>

static void put(struct packer *out, const char *text)
{
    pack_raw(out, text, strlen(text));
}

/* Any bytes as a JSON string: an id of the binary mode need not be UTF-8, and then is shown as Latin-1. */
static void put_string(struct packer *out, struct str text, bool utf8)
{
    put(out, "\"");
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.at[i];
        char escaped[8];
        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c < 0x20 || (c >= 0x80 && !utf8))
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
        else
            snprintf(escaped, sizeof escaped, "%c", c);
        put(out, escaped);
    }
    put(out, "\"");
}

void answer_add_rejected(struct packer *rejected, size_t index, const struct rejection *rejection)
{
    char head[48];
    snprintf(head, sizeof head, "%s{\"index\":%zu,\"id\":", rejected->bytes.count > 0 ? "," : "", index);
    put(rejected, head);
    if (rejection->id.at == NULL)
        put(rejected, "null");
    else
        put_string(rejected, rejection->id, json_is_utf8(rejection->id));
    put(rejected, ",\"reason\":");
    put_string(rejected, rejection->reason, true);
    put(rejected, "}");
}

void answer_accepted(struct packer *out, uint64_t accepted, const struct packer *rejected)
{
    char head[64];
    snprintf(head, sizeof head, "{\"accepted\":%llu,\"rejected\":[", (unsigned long long)accepted);
    put(out, head);
    pack_raw(out, rejected->bytes.at, rejected->bytes.count);
    put(out, "]}");
}

void answer_problem(struct packer *out, unsigned status, const char *title, struct str detail,
                    const struct packer *rejected)
{
    char head[160];
    snprintf(head, sizeof head, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,\"detail\":", title,
             status);
    put(out, head);
    put_string(out, detail, true);
    if (rejected != NULL) {
        put(out, ",\"accepted\":0,\"rejected\":[");
        pack_raw(out, rejected->bytes.at, rejected->bytes.count);
        put(out, "]");
    }
    put(out, "}");
}
