/* The token of a link, a callback or a cookie, as anybody may send one. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A new key once per process, so that no input can be a good token. */
static const struct keyring *keyring_once(void)
{
    static struct keyring *keyring;
    static const char *const files[] = {"contact.pub", "content.pub", "answers.pub", "contact.key",
                                        "content.key", "answers.key", "ident.key",   "token.key"};
    char folder[] = "/tmp/fuzz-link-XXXXXX";
    char path[64];
    if (keyring != NULL) {
        return keyring;
    }
    sw_assert(seal_init() == 0);
    sw_assert(mkdtemp(folder) != NULL);
    sw_assert(keyring_generate(folder) == 0);
    sw_assert(keyring_load(folder, KEYRING_TOKEN, NULL, &keyring) == 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
    return keyring;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct token_notice notice;
    static struct token token;
    struct str text = {(const char *)data, size};
    sw_assert(token_read_notice(keyring_once(), TOKEN_ACKNOWLEDGE, text, 1, &notice) != 0);
    sw_assert(token_read_notice(keyring_once(), TOKEN_NOTICE, text, 1, &notice) != 0);
    sw_assert(token_read(keyring_once(), TOKEN_SESSION, text, 1, &token) != 0);
    return 0;
}
