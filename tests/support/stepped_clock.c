/* LD_PRELOAD of this: the wall clock of hourglass-collector, and of no library that it uses, is off by the
 * seconds that stand in the file STEPPED_CLOCK_FILE, from one moment to the next. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *out)
{
    Dl_info caller;
    int status = (int)syscall(SYS_clock_gettime, id, out);
    if (id != CLOCK_REALTIME || dladdr(__builtin_return_address(0), &caller) == 0 ||
        strstr(caller.dli_fname, "hourglass-collector") == NULL)
        return status;
    const char *path = getenv("STEPPED_CLOCK_FILE");
    FILE *file = path == NULL ? NULL : fopen(path, "r");
    long off_s = 0;
    if (file != NULL && fscanf(file, "%ld", &off_s) != 1)
        off_s = 0;
    if (file != NULL)
        fclose(file);
    out->tv_sec += off_s;
    return status;
}
