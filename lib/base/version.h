/* Which release this is: the build's version, "0.1.0". */
#pragma once

const char *version_text(void);
