/* The text of one setting, checked by the type of its key. Inside io/config only. */
#ifndef IO_CONFIG_VALUE_H
#define IO_CONFIG_VALUE_H

#include "io/config.h"

/* Reads `text` as the key's type: a number (INT, DURATION in ms, SIZE in bytes, BOOL 0 or 1, the length of TEXT and
 * SECRET) or an address; ranges are not checked. Answers NULL, or what was expected instead. */
const char *config_value_parse(const struct config_key *key, struct str text, int64_t *ret_number,
                               struct address *ret_address);

/* Whether min and max of a key of this type bound its number. */
bool config_value_has_range(enum config_type type);

#endif
