/* Any message of a generation's topics as one line of JSON. */
#pragma once

#include "lib/codec/assemble.h"
#include "lib/codec/json_out.h"
#include "lib/codec/usage.h"

/* Of one partition: a frame in parts is whole from messages that came before. */
struct message_printer {
    struct assembler assembler;
    struct frame_rows rows;
    struct usage_records records;
};

/* Appends the line. A frame's parts are lines of their own, but for the one that completes it: that is the
 * frame.
 */
void message_print(struct message_printer *printer, const struct json_place *place, struct str value,
                   struct packer *out);
void message_printer_release(struct message_printer *printer);
