/* A compacted topic as it is now: the newest record of each key. */
#ifndef CTL_LATEST_H
#define CTL_LATEST_H

#include <stdint.h>

#include "base/map.h"
#include "ctl/ctl.h"
#include "io/topics.h"

struct latest_entry {
    struct str key;
    struct str value;
    int64_t order; /* for the caller to sort by */
    char bytes[];
};

struct latest {
    struct map by_key; /* of latest_entry */
    const char *unit;
    const char *kind;
    int error;
};

/* Reads the topic; of the keys only those of the unit (NULL: all) that contain `kind` ("/case/"). Tombstones take their
 * key out. The caller calls latest_fini in any case. */
enum ctl_exit latest_read(struct ctl *ctl, enum topic topic, const char *unit, const char *kind,
                          struct latest *ret_latest);

/* Puts the entries in ascending `order`; nothing is looked up by key afterwards. */
void latest_sort(struct latest *latest);

size_t latest_count(const struct latest *latest);
struct latest_entry *latest_at(const struct latest *latest, size_t index);

void latest_fini(struct latest *latest);

#endif
