/* The schemas that the codecs are written against (schemas/): when one changes, so must what encodes and
 * decodes it, or the tables that it follows (lib/domain/kinds). */
#pragma once

#include "schemas/fingerprints.h"

_Static_assert(SCHEMA_USAGE_MESSAGE == 0xA9385951D069A899u,
               "schemas/usage_message.avsc and usage.c, kinds.c");
_Static_assert(SCHEMA_FRAME == 0xD187EDA2AEF9595Du, "schemas/frame.avsc and frame.c, kinds.c");
_Static_assert(SCHEMA_SNAPSHOT_CHUNK == 0x1693E7B90D6A7C90u, "schemas/snapshot_chunk.avsc and topics.c");
_Static_assert(SCHEMA_SNAPSHOT_MANIFEST == 0xC84BFC594125E28Cu,
               "schemas/snapshot_manifest.avsc and topics.c");
_Static_assert(SCHEMA_GENERATION == 0x83FD4377934EE4AAu, "schemas/generation.avsc and topics.c");
_Static_assert(SCHEMA_REJECT == 0x95616243EEE73A82u, "schemas/reject.avsc and topics.c");
_Static_assert(SCHEMA_REJECT_2 == 0x4D61901827D019E1u, "schemas/reject_2.avsc and topics.c");
