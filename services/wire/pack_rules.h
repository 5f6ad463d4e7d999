/* The rules of a pack: the files under rules/ -> a compiled rule set. Private to wire/pack but for tests. */
#ifndef WIRE_PACK_RULES_H
#define WIRE_PACK_RULES_H

#include "base/arena.h"
#include "base/error.h"
#include "core/rules/ruleset.h"
#include "wire/yaml.h"

/* Reads the roots of all files, in order of their paths, into `ret_rules` (but for its hash), which is one object of the
 * caller's that does not move; the rest lies in `arena`, as must the roots. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int pack_read_rules(const struct yaml_node *const *roots, size_t root_count,
                                 struct arena *arena, struct yaml_faults *faults,
                                 struct ruleset *ret_rules);

#endif
