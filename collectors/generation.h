/* The generation's manifest, as a collector reads it at start: it sends nothing without one (DESIGN §2). */
#pragma once

#include "lib/codec/topics.h"
#include "lib/domain/topics.h"
#include "lib/io/kafka.h"

/* FATAL: there is none, or it is of the other kind (`simulated`: for files in their own time). */
enum error_class generation_read(const char *kafka, const struct topics *topics, bool simulated,
                                 struct generation *out, struct error *error);
