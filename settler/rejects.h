/* The settler's reading of usage.rejects beside the frames, and copying of it into table `rejected`, each
 * message once (DESIGN §3). For eyes: frames come first, a partition copies only when it has few of them to
 * read; and whatever fails here is said, tried again after a pause, and stops nothing. A topic that is not
 * there, records that were deleted and rows that are refused are such; only a lost claim and a dead store are
 * the partition's matter. */
#pragma once

#include "lib/run/worker.h"
#include "settler/partition.h"

/* Begins with its stage, and zeros. */
struct settler_rejects {
    struct stage *stage;  /* its topic is stage->beside */
    uint32_t partitions;  /* of the topic; 0: it is not there, or was not looked for */
    struct outage absent; /* it is not there */
    int64_t look_ms;      /* it is looked for then */
};

/* Once a second; looks now and then whether the topic is there. */
void settler_rejects_look(struct settler_rejects *rejects);
/* Begins or ends to read, and copies what is due. ABORT: the store is dead. */
enum error_class settler_rejects_turn(struct settler_rejects *rejects, struct store *store,
                                      struct settler_part *part, struct error *error);
/* A message of the topic, or that its records are gone, or its error. It fails as the turn does. */
enum error_class settler_rejects_take(struct settler_rejects *rejects, struct store *store,
                                      struct settler_part *part, enum log_got got,
                                      const struct log_message *message, struct error *error);
