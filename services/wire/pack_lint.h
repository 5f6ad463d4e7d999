/* What is suspicious in a pack that loads: rules that can never hold, two that say the same, steps and obligations that never
 * come, policies that end with nobody, texts without a translation. Each finding is certain; what cannot be decided is not
 * told. */
#ifndef WIRE_PACK_LINT_H
#define WIRE_PACK_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "core/org/org.h"
#include "wire/pack.h"

enum pack_finding_kind {
#define PACK_FINDING(name, id, is_error, text) PACK_FINDING_##name,
#include "wire/pack_lint.def"
#undef PACK_FINDING
    PACK_FINDING_COUNT,
};

struct pack_finding {
    enum pack_finding_kind kind;
    const char *path; /* of the file */
    uint32_t line;    /* 0: the file as a whole */
    uint32_t column;
    struct str what;  /* the rule, feature, policy, word or file that it is about */
    struct str other; /* the other rule, the obligation, the language; may be empty */
};

/* Calls `found` for each finding, in the order of the files. With a directory (else NULL) also what its people lack. Texts
 * live as long as pack and `arena`. ERR_MEMORY. */
typedef void (*pack_found_fn)(void *ctx, const struct pack_finding *finding);
SW_NODISCARD int pack_lint(const struct pack *pack, const struct org *org, struct arena *arena,
                           pack_found_fn found, void *ctx);

/* "never_holds"; the sentence; whether the pack should not be activated with it. Static storage. */
const char *pack_finding_id(enum pack_finding_kind kind);
const char *pack_finding_text(enum pack_finding_kind kind);
bool pack_finding_is_error(enum pack_finding_kind kind);

#endif
