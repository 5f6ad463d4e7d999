#include "shell/bearer.h"

#include <string.h>
#include <strings.h>

#include "io/seal.h"

enum { TOKEN_TEXT_MAX = 512 };

const struct org_token *bearer_token(const struct org *org, const char *authorization,
                                     int64_t utc_ms)
{
    static const char scheme[] = "Bearer ";
    uint8_t hash[SEAL_DIGEST_BYTES];
    if (authorization == NULL || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0) {
        return NULL;
    }
    const char *text = authorization + sizeof(scheme) - 1;
    size_t len = strnlen(text, TOKEN_TEXT_MAX + 1);
    if (len == 0 || len > TOKEN_TEXT_MAX) {
        return NULL;
    }
    seal_digest(text, len, hash);
    const struct org_token *token = org_find_token(org, hash);
    return token != NULL && (token->expires_ms == 0 || utc_ms < token->expires_ms) ? token : NULL;
}
