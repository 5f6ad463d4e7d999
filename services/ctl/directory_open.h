/* The directory of the topic, for the commands that ask it; with the packs, where wanted. */
#ifndef CTL_DIRECTORY_OPEN_H
#define CTL_DIRECTORY_OPEN_H

#include "core/org/org.h"
#include "ctl/ctl.h"
#include "wire/pack.h"

/* What else than who is who is kept, or-ed. */
enum directory_want { DIRECTORY_PACKS = 1, DIRECTORY_SEALED = 2 /* names and addresses, closed */ };

struct directory {
    struct org *org;
    struct pack_store *packs; /* NULL: not asked for */
    struct arena scratch;
    size_t refused; /* records that could not be taken; each was told on stderr */
};

/* Reads the topic to its end. CTL_REFUSED: it is empty; CTL_UNAVAILABLE; both after a line on stderr. The caller calls
 * directory_close in any case. */
enum ctl_exit directory_open(struct ctl *ctl, unsigned wants, struct directory *ret_directory);
void directory_close(struct directory *directory);

#endif
