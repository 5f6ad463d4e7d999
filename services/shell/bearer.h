/* The bearer token of an HTTP request, looked up in the directory. */
#ifndef SHELL_BEARER_H
#define SHELL_BEARER_H

#include <stdint.h>

#include "core/org/org.h"

/* The token of an "Authorization: Bearer …" header's value; NULL: none given, unknown, or expired at `utc_ms`. The token is
 * the org's. */
const struct org_token *bearer_token(const struct org *org, const char *authorization,
                                     int64_t utc_ms);

#endif
