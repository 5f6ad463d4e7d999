/* What a bench reads of its own process. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

/* Seconds of CPU time so far, of all threads. */
double measure_cpu_s(void);

/* Bytes of memory that are in use now, as the allocator counts them. */
size_t measure_heap_bytes(void);

#endif
