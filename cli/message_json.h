/* Any message of a generation's topics as one line of JSON. */
#pragma once

#include "lib/codec/json_out.h"
#include "lib/codec/usage.h"

/* Room that is used again and again. */
struct message_printer {
    struct frame_rows rows;
    struct usage_records records;
};

/* Appends the line. */
void message_print(struct message_printer *printer, const struct json_place *place, struct str value,
                   struct packer *out);
void message_printer_release(struct message_printer *printer);
