/* The heap, for long-lived objects of `core`, which may not call it itself. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* `bytes` bytes of zeros aligned for any type, or NULL. */
void *mem_alloc(size_t bytes);

/* Room for `count` elements in place of `items` (NULL: new), its first elements kept, the new bytes not set; NULL, and
 * `items` untouched, when memory is out. */
void *mem_resize(void *items, size_t count, size_t element_bytes);

/* NULL is fine. */
void mem_free(void *items);

#endif
