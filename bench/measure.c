#include "measure.h"

#include <malloc.h>
#include <time.h>

#include "base/assert.h"

double measure_cpu_s(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    sw_assert(failed == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

size_t measure_heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}
