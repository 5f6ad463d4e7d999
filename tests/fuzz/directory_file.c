/* A directory file: read, tied together, and asked. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "wire/directory_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void opaque_id(void *ctx, char prefix, struct str unit, struct str identifier,
                      char ret_id[DIRECTORY_ID_TEXT_BYTES])
{
    unsigned sum = (unsigned)unit.len;
    (void)ctx;
    for (size_t i = 0; i < identifier.len; i++) {
        sum = sum * 31 + (unsigned char)identifier.at[i];
    }
    snprintf(ret_id, DIRECTORY_ID_TEXT_BYTES, "%c-%x", prefix, sum);
}

static void identifier_digest(void *ctx, struct str unit, struct str identifier,
                              char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    opaque_id(ctx, '0', unit, identifier, ret_text);
    ret_text[1] = 'a'; /* hexadecimal throughout */
}

static void address_digest(void *ctx, struct str address, char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    identifier_digest(ctx, address, address, ret_text);
}

static void token_hash(void *ctx, struct str secret, uint8_t ret_hash[ORG_TOKEN_HASH_BYTES])
{
    (void)ctx;
    memset(ret_hash, (int)secret.len, ORG_TOKEN_HASH_BYTES);
}

static int password_hash(void *ctx, struct str password,
                         char ret_text[DIRECTORY_PASSWORD_TEXT_BYTES])
{
    (void)ctx;
    snprintf(ret_text, DIRECTORY_PASSWORD_TEXT_BYTES, "$argon2id$%zu", password.len);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yaml_faults faults;
    static const struct directory_names names = {
        opaque_id, identifier_digest, address_digest, token_hash, password_hash, NULL,
    };
    struct directory_import *import = directory_import_new(&names);
    sw_assert(import != NULL);
    faults.count = 0;
    int error =
        directory_import_add(import, "fuzz", (struct str){(const char *)data, size}, &faults);
    if (error == 0) {
        error = directory_import_finish(import, &faults);
    }
    sw_assert((error == ERR_INVALID) == (faults.count > 0));
    if (error == 0) {
        sw_assert(org_count(directory_import_org(import)) == directory_import_count(import));
    }
    directory_import_free(import);
    return 0;
}
