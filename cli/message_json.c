#include "cli/message_json.h"

/* False: it is neither a frame nor a part of one. */
static bool print_frame(struct message_printer *printer, const struct json_place *place, struct str value,
                        struct packer *out)
{
    struct frame_part part;
    struct frame frame;
    struct str whole;
    if (frame_part_decode(value, &part) != DECODE_OK)
        return false;
    enum assemble_outcome outcome = assemble(&printer->assembler, value, place->offset, &whole);
    if (outcome == ASSEMBLE_FRAME && frame_decode(whole, &printer->rows, &frame) == DECODE_OK)
        json_out_frame(place, &frame, part.parts, out);
    else if (part.parts > 1)
        json_out_frame_part(place, &part, out);
    else
        return false;
    return true;
}

void message_print(struct message_printer *printer, const struct json_place *place, struct str value,
                   struct packer *out)
{
    struct message message;
    struct snapshot_chunk chunk;
    struct snapshot_manifest manifest;
    struct generation generation;
    struct reject reject;
    if (value.at == NULL)
        json_out_tombstone(place, out);
    else if (usage_decode(value, &printer->records, &message) == DECODE_OK)
        json_out_usage(place, &message, out);
    else if (print_frame(printer, place, value, out))
        return;
    else if (snapshot_chunk_decode(value, &chunk) == DECODE_OK)
        json_out_snapshot_chunk(place, &chunk, out);
    else if (snapshot_manifest_decode(value, &manifest) == DECODE_OK)
        json_out_snapshot_manifest(place, &manifest, out);
    else if (generation_decode(value, &generation) == DECODE_OK)
        json_out_generation(place, &generation, out);
    else if (reject_decode(value, &reject) == DECODE_OK)
        json_out_reject(place, &reject, out);
    else
        json_out_undecoded(place, value.size, out);
}

void message_printer_release(struct message_printer *printer)
{
    assembler_release(&printer->assembler);
    frame_rows_release(&printer->rows);
    usage_records_release(&printer->records);
}
