/* What is wrong with bytes from outside: the reason, the field, the byte. Filled by everything in wire that refuses; text
 * in it is codes and field names only, never content. */
#ifndef WIRE_FAULT_H
#define WIRE_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum reject_reason {
    REJECT_NONE,
#define REJECT(name, code, text) REJECT_##name,
#include "wire/reject.def"
#undef REJECT
    REJECT_REASON_COUNT
};

enum { FAULT_PATH_MAX_BYTES = 160, FAULT_NO_BYTE = -1 };

/* A value type. `path` is a JSON pointer of field names, "/parties/2/ref"; "" is the whole. `at_byte` counts from the
 * start of the body, or of the field where `path` names one; FAULT_NO_BYTE when no place is known. */
struct fault {
    enum reject_reason reason;
    char path[FAULT_PATH_MAX_BYTES];
    int64_t at_byte;
};

/* "bad_utf8" for REJECT_BAD_UTF8, "" for REJECT_NONE. Static storage. */
const char *reject_reason_code(enum reject_reason reason);

/* The sentence of reject.def. Static storage. */
const char *reject_reason_text(enum reject_reason reason);

/* Fills `ret_fault`; a path that is too long is cut at its end. Returns ERR_INVALID, so that a check can end with it. */
int fault_set(struct fault *ret_fault, enum reject_reason reason, const char *path,
              int64_t at_byte);

/* Puts "/<name>", or "/<index>", before the path: for callers whose value lies inside another one. */
void fault_inside(struct fault *fault, const char *name);
void fault_inside_index(struct fault *fault, size_t index);

/* One line for people, "/parties/2/ref: too_long at byte 65"; returns its length. */
size_t fault_format(const struct fault *fault, char *ret_text, size_t size);

#endif
