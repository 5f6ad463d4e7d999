#include "base/heap.h"

#include <stdlib.h>

#include "base/assert.h"

void *heap_alloc(size_t bytes)
{
    sw_assert(bytes > 0);
    return calloc(1, bytes);
}

void *heap_alloc_array(size_t count, size_t element_bytes)
{
    sw_assert(element_bytes > 0);
    return calloc(count == 0 ? 1 : count, element_bytes);
}

void heap_free(void *object)
{
    free(object);
}
