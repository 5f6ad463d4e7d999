#include "base/mem.h"

#include <stdlib.h>

void *mem_alloc(size_t bytes)
{
    return calloc(1, bytes > 0 ? bytes : 1);
}

void *mem_resize(void *items, size_t count, size_t element_bytes)
{
    return count > 0 ? reallocarray(items, count, element_bytes) : NULL;
}

void mem_free(void *items)
{
    free(items);
}
