/* SHA-256, from libcrypto: the chain over frames, snapshots' digests, names of lines. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32 };

void digest_of(const void *at, size_t size, uint8_t out[DIGEST_SIZE]);
