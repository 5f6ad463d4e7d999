/* Keys of a pack's records. Private to wire/pack. */
#ifndef WIRE_PACK_KEY_H
#define WIRE_PACK_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "wire/pack.h"

/* Either a file of a pack, or the active pack of a jurisdiction (then that is not empty). Borrows from the text. */
struct pack_key {
    uint8_t hash[PACK_HASH_BYTES];
    struct str path;
    struct str jurisdiction;
};

bool pack_parse_key(struct str text, struct pack_key *ret_key);

#endif
