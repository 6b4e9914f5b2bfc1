/* Any bytes as a snapshot: refused, or a state that can be written down again and restored from that. */
#include "aggregator/core/fold.h"
#include "lib/base/check.h"
#include "lib/base/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t digest[FRAME_HASH_SIZE];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size); /* of this very size, so that no byte behind it can be read */
    if (size > 0)
        memcpy(bytes, data, size);
    struct fold *fold = fold_restore((struct str){bytes, (uint32_t)size}, digest);
    free(bytes);
    if (fold == NULL)
        return 0;
    struct packer first = {0}, second = {0};
    fold_snapshot(fold, &first);
    fold_free(fold);
    fold = fold_restore((struct str){first.bytes.at, first.bytes.count}, digest);
    CHECK(fold != NULL);
    fold_snapshot(fold, &second);
    CHECK(str_equal((struct str){first.bytes.at, first.bytes.count},
                    (struct str){second.bytes.at, second.bytes.count}));
    fold_free(fold);
    vec_release(&first.bytes);
    vec_release(&second.bytes);
    return 0;
}
