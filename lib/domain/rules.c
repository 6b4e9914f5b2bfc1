#include "lib/domain/rules.h"

#include "lib/base/check.h"
#include "lib/base/time.h"
#include "lib/domain/limits.h"

struct rules rules_of(uint32_t number, int64_t lifecycle_horizon_us, int64_t report_horizon_us)
{
    CHECK(number == 1);
    CHECK(lifecycle_horizon_us >= 0 && report_horizon_us >= 0);
    return (struct rules){
        .number = number,
        .epoch_us = RULES_1_EPOCH_S * (int64_t)SECOND_US,
        .delay_us = RULES_1_DELAY_S * (int64_t)SECOND_US,
        .lifecycle_horizon_us = lifecycle_horizon_us,
        .report_horizon_us = report_horizon_us,
        .epoch_records = RULES_1_EPOCH_RECORDS,
        .frame_rows = RULES_1_FRAME_ROWS,
        .frame_bytes = RULES_1_FRAME_BYTES,
        .snapshot_bytes = RULES_1_SNAPSHOT_BYTES,
    };
}
