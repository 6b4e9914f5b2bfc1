#include "lib/base/partition.h"

#include "lib/base/check.h"
#include "lib/base/table.h"

uint32_t partition_of(struct str account, uint32_t partitions)
{
    CHECK(partitions > 0);
    return (uint32_t)(hash_str(account) % partitions);
}
