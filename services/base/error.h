/* Error codes of the whole project: 0 is success, each ERR_* is negative.
 *
 * Four kinds of trouble are never confused: a bug is an sw_assert; an operating error or exhaustion is one of these,
 * returned; bad input is a typed reject of the module that reads it, with its place. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define SW_NODISCARD __attribute__((warn_unused_result))

enum sw_error_ordinal {
#define SW_ERROR(name, text) SW_ERROR_ORDINAL_##name,
#include "base/error.def"
#undef SW_ERROR
};

enum sw_error {
#define SW_ERROR(name, text) ERR_##name = -1 - SW_ERROR_ORDINAL_##name,
#include "base/error.def"
#undef SW_ERROR
};

/* "NOT_FOUND" for ERR_NOT_FOUND, "OK" for 0, "UNKNOWN" for anything else. Static storage. */
const char *error_name(int error);

/* The sentence of error.def. Static storage. */
const char *error_text(int error);

#endif
