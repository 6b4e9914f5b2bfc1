/* Whether the system lets a process have the descriptors that its configuration may need: asked at the start,
 * not found out under load. */
#pragma once

#include <stdint.h>

#include "lib/port/error.h"

/* Raises the soft limit as far as the hard one allows, if `need` is more than it. FATAL: `what`
 * ("--connections 500") needs more than may be had; the text says how much, and both ways out. */
__attribute__((warn_unused_result)) enum error_class descriptors_reserve(uint64_t need, const char *what,
                                                                         struct error *error);
