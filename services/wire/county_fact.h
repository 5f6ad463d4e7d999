/* What a county counts <-> records of topic facts.county. */
#ifndef WIRE_COUNTY_FACT_H
#define WIRE_COUNTY_FACT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/rules/county.h"
#include "wire/fault.h"

/* The bytes of a fact, in `arena`. ERR_MEMORY. */
SW_NODISCARD int county_fact_encode(const struct county_fact *fact, struct arena *arena,
                                    struct str *ret_value);

/* A fact; all of it lies in `arena`. ERR_INVALID: no such record, a kind that this version does not know, a time or number that
 * is none; ERR_MEMORY. */
SW_NODISCARD int county_fact_decode(struct str value, struct arena *arena,
                                    struct county_fact *ret_fact, struct fault *ret_fault);

#endif
