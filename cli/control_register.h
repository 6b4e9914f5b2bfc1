/* The register of control messages (DESIGN §2, One register): decided in partition 0 of usage.records, copied
 * to the other partitions in its order.
 *
 * What partition 0 takes its frames show as facts, in order, and they alone decide. So that nobody has to
 * read all frames, topic usage.register is an index of the register: each of its messages is a control
 * message as usage.records has it, under a key that says what became of it:
 *
 *     from F F ...   about to be appended to partition 0; what partition p's frames say of it stands at or
 *                    above the p-th F
 *     taken          partition 0's frames show it: it is part of the register
 *     copied         it was appended to every partition
 *     held           frames of every partition show it
 *
 * It is written before the log is, so it knows of everything that may be in the log; and it is believed only
 * as far as hashes lead from the message at the log's offset 0 (docs/decisions/011-register-index.md). */
#pragma once

#include "lib/base/pack.h"
#include "lib/domain/message.h"
#include "lib/domain/topics.h"
#include "lib/port/host.h"
#include "lib/port/log.h"

struct register_entry {
    struct packer bytes;    /* of the message */
    struct message message; /* its names lie in the bytes */
    bool noted;             /* the index says that it was taken */
    bool copied;
    bool held;
    VEC(int64_t) frames; /* by partition, where to look for it; empty: unknown */
};

struct control_register {
    struct log *log;
    struct host *host;
    const struct topics *topics;
    int64_t limit_ms; /* so long nothing may come before it is ERROR_RETRY */
    /* Filled by reading: */
    uint32_t partitions;
    bool indexed; /* there is an index */
    VEC(struct register_entry) entries;
    VEC(uint32_t) order; /* the register: of entries, the first message first */
};

/* Reads the register; `whole`: from all frames of partition 0, whatever the index says, as is done where
 * there is no index of this log. FATAL: no generation. */
enum error_class control_register_read(struct control_register *of, bool whole, struct error *error);
void control_register_release(struct control_register *of);

/* Of one that was read. */
struct register_entry *control_register_last(const struct control_register *of);
/* The catalog in force from that hour on: of several, the later in the register. NULL: there is none. */
struct register_entry *control_register_find(const struct control_register *of, int64_t from_s);

enum register_verdict {
    REGISTER_OPEN,  /* partition 0's frames have not said yet */
    REGISTER_TAKEN, /* it is the last of the register now */
    REGISTER_LOST,  /* another came before it, or it came too late: nothing has changed */
};

/* What became of a catalog. */
struct register_decision {
    enum register_verdict verdict;
    char why[200]; /* of one that was lost, in partition 0's words where it has any */
};

/* Appends a catalog to partition 0, and reads its frames until they say what became of it, for timeout_ms at
 * most. One that was left open before is taken up again. */
enum error_class control_register_append(struct control_register *of, const struct catalog_text *catalog,
                                         const struct control_origin *origin, int64_t timeout_ms,
                                         struct register_decision *decision, struct error *error);
/* Copies what is not known to stand in every partition, in the register's order. Harmless where it does: a
 * partition skips a message that it has. *copied: messages that each was sent. */
enum error_class control_register_copy(struct control_register *of, uint32_t *copied, struct error *error);
/* Waits until frames of every partition show the entry's catalog, for timeout_ms at most; shown[p] says which
 * do. */
enum error_class control_register_hold(struct control_register *of, struct register_entry *entry,
                                       int64_t timeout_ms, bool *shown, struct error *error);
/* For who makes the generation, once the first message stands at offset 0 everywhere: says so in the index.
 */
enum error_class control_register_begin(struct control_register *of, struct str first, struct error *error);
