#include "lib/base/digest.h"

#include <openssl/sha.h>

void digest_of(const void *at, size_t size, uint8_t out[DIGEST_SIZE])
{
    SHA256(at, size, out);
}
