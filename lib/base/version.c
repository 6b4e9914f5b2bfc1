#include "lib/base/version.h"

const char *version_text(void)
{
    return HOURGLASS_VERSION;
}
