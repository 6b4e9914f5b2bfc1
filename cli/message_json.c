#include "cli/message_json.h"

#include "lib/codec/notice.h"

static bool is_notice(struct str value)
{
    struct arena memory = {0};
    struct str texts[NOTICE_KEYS];
    bool is = notice_texts(value, &memory, texts) == DECODE_OK;
    arena_release(&memory);
    return is;
}

void message_print(struct message_printer *printer, const struct json_place *place, struct str value,
                   struct packer *out)
{
    struct message message;
    struct snapshot_chunk chunk;
    struct snapshot_manifest manifest;
    struct generation generation;
    struct reject reject;
    struct frame frame;
    if (value.at == NULL)
        json_out_tombstone(place, out);
    else if (usage_decode(value, &printer->records, &message) == DECODE_OK)
        json_out_usage(place, &message, out);
    else if (frame_decode(value, &printer->rows, &frame) == DECODE_OK)
        json_out_frame(place, &frame, out);
    else if (snapshot_chunk_decode(value, &chunk) == DECODE_OK)
        json_out_snapshot_chunk(place, &chunk, out);
    else if (snapshot_manifest_decode(value, &manifest) == DECODE_OK)
        json_out_snapshot_manifest(place, &manifest, out);
    else if (generation_decode(value, &generation) == DECODE_OK)
        json_out_generation(place, &generation, out);
    else if (reject_decode(value, &reject) == DECODE_OK)
        json_out_reject(place, &reject, out);
    else if (is_notice(value))
        json_out_notice(place, value, out);
    else
        json_out_undecoded(place, value.size, out);
}

void message_printer_release(struct message_printer *printer)
{
    frame_rows_release(&printer->rows);
    usage_records_release(&printer->records);
}
