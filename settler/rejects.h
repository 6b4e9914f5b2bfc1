/* The settler's reading of usage.rejects beside the frames, and copying of it into table `rejected`, each
 * message once (DESIGN §3). For eyes: frames come first, a partition copies only when it has few of them to
 * read; and whatever fails here is said, tried again after a pause, and stops nothing. A topic that is not
 * there, records that were deleted and rows that are refused are such; only a lost claim and a dead store are
 * the partition's matter. */
#pragma once

#include "lib/run/worker.h"
#include "settler/store/store.h"

struct settler_part;

struct rejects_topic {
    struct stage *stage;   /* it names the topic */
    uint32_t partitions;   /* 0: it is not there, or was not looked for */
    struct outage missing; /* it is not there */
    int64_t look_ms;       /* it is looked for then */
};

/* Its log is another now. */
void rejects_topic_begin(struct rejects_topic *topic);
/* Once a second; looks now and then whether the topic is there. */
void rejects_topic_look(struct rejects_topic *topic);
/* Begins or ends to read, and copies what is due. ABORT: the store is dead. */
enum error_class rejects_topic_turn(struct rejects_topic *topic, struct settler_part *part,
                                    struct store *store, struct error *error);
/* A message of the topic, or that its records are gone, or its error in *error. It fails as the turn does. */
enum error_class rejects_topic_take(struct rejects_topic *topic, struct settler_part *part,
                                    struct store *store, enum log_got got, const struct log_message *message,
                                    struct error *error);
