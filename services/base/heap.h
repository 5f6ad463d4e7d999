/* Long-lived objects of modules that may not call malloc themselves (core). */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stddef.h>

/* `bytes` > 0 zeroed bytes aligned for any type, the caller's until heap_free; NULL when memory is out. */
void *heap_alloc(size_t bytes);

/* `count` elements, as heap_alloc; NULL on overflow too. */
void *heap_alloc_array(size_t count, size_t element_bytes);

/* NULL is fine. */
void heap_free(void *object);

#endif
