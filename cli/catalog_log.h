/* Catalogs as a generation's log has them, partition by partition (DESIGN §2). */
#pragma once

#include "lib/base/digest.h"
#include "lib/base/pack.h"
#include "lib/domain/message.h"
#include "lib/domain/topics.h"
#include "lib/io/kafka.h"

struct logged_catalog {
    int64_t from_s; /* INT64_MIN: since ever */
    int64_t offset; /* of usage.records */
    uint8_t digest[DIGEST_SIZE];
    uint32_t text; /* into the log's texts */
};

/* In force, by from_s; what the partition refused is not there. */
struct partition_catalogs {
    VEC(struct logged_catalog) list;
    uint8_t last_hash[CONTROL_HASH_SIZE]; /* of the last control message of its register */
    int64_t now_us; /* log time: what is less than CATALOG_LEAD_S ahead of it is refused */
};

struct catalog_log {
    uint32_t partitions;
    struct partition_catalogs *of;
    VEC(struct packer) texts; /* each once */
};

/* Reads usage.records up to where it ends now. FATAL: there is no such generation. */
enum error_class catalog_log_read(struct kafka_reader *reader, const char *brokers,
                                  const struct topics *topics, struct catalog_log *log, struct error *error);
void catalog_log_release(struct catalog_log *log);
/* NULL: this partition has none for that hour. */
const struct logged_catalog *catalog_log_find(const struct catalog_log *log, uint32_t partition,
                                              int64_t from_s);
struct str catalog_log_text(const struct catalog_log *log, const struct logged_catalog *catalog);
bool catalog_log_agree(const struct catalog_log *log, uint32_t a, uint32_t b);
