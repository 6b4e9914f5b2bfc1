#include "lib/domain/rules.h"

#include "lib/base/check.h"
#include "lib/base/time.h"

struct rules rules_of(uint32_t number, int64_t lifecycle_horizon_us, int64_t report_horizon_us)
{
    CHECK(number == 1);
    CHECK(lifecycle_horizon_us >= 0 && report_horizon_us >= 0);
    return (struct rules){
        .number = number,
        .epoch_us = 5 * (int64_t)SECOND_US,
        .delay_us = 10 * (int64_t)SECOND_US,
        .lifecycle_horizon_us = lifecycle_horizon_us,
        .report_horizon_us = report_horizon_us,
        .epoch_records = 100000,
        .frame_rows = 50000,
        .frame_bytes = 512 * 1024,
        .snapshot_bytes = 64 * 1024 * 1024,
    };
}
