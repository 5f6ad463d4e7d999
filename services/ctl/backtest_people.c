#include "ctl/backtest_people.h"

#include <stdio.h>
#include <string.h>

#include "base/ident.h"
#include "ctl/pack_open.h"
#include "io/seal.h"

enum { FILE_MAX_BYTES = 512 << 20 };

static void plain_id(void *ctx, char prefix, struct str unit, struct str identifier,
                     char ret_id[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    (void)prefix;
    (void)unit;
    (void)snprintf(ret_id, DIRECTORY_ID_TEXT_BYTES, "%.*s", (int)identifier.len, identifier.at);
}

static void digest(struct str text, char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    struct ident hash;
    char digits[IDENT_TEXT_BYTES];
    seal_hash128(text.at, text.len, hash.bytes);
    ident_format(hash, digits);
    (void)snprintf(ret_text, DIRECTORY_ID_TEXT_BYTES, "%s", digits);
}

static void identifier_digest(void *ctx, struct str unit, struct str identifier,
                              char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    (void)unit;
    digest(identifier, ret_text);
}

static void address_digest(void *ctx, struct str address, char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    digest(address, ret_text);
}

static void token_hash(void *ctx, struct str secret, uint8_t ret_hash[ORG_TOKEN_HASH_BYTES])
{
    (void)ctx;
    seal_digest(secret.at, secret.len, ret_hash);
}

/* Nobody signs in here. */
static int no_password(void *ctx, struct str password, char ret_text[DIRECTORY_PASSWORD_TEXT_BYTES])
{
    (void)ctx;
    (void)password;
    (void)snprintf(ret_text, DIRECTORY_PASSWORD_TEXT_BYTES, "$argon2id$none");
    return 0;
}

static enum ctl_exit read_files(struct ctl *ctl, struct directory_import *import,
                                struct yaml_faults *faults)
{
    const char *path;
    for (size_t i = 0; (path = ctl_option_at(ctl, "--directory", i)) != NULL; i++) {
        struct str content;
        int error = ctl_read_file(ctl, path, FILE_MAX_BYTES, &content);
        if (error != 0) {
            return ctl_fail(CTL_USAGE, "%s: %s", path, error_text(error));
        }
        error = directory_import_add(import, path, content, faults);
        if (error != 0 && error != ERR_INVALID) {
            return ctl_fail(CTL_UNAVAILABLE, "%s: %s", path, error_text(error));
        }
    }
    int error = faults->count > 0 ? ERR_INVALID : directory_import_finish(import, faults);
    return error == 0             ? CTL_OK
           : error == ERR_INVALID ? ctl_tell_faults(faults, "--directory")
                                  : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

enum ctl_exit backtest_read_people(struct ctl *ctl, struct backtest_people *ret_people)
{
    static const struct directory_names names = {.opaque_id = plain_id,
                                                 .identifier_digest = identifier_digest,
                                                 .address_digest = address_digest,
                                                 .token_hash = token_hash,
                                                 .password_hash = no_password};
    const struct org_setup setup = {.seed = 1};
    struct yaml_faults *faults = arena_alloc(&ctl->arena, sizeof(*faults));
    bool has_files = ctl_option(ctl, "--directory") != NULL;
    *ret_people = (struct backtest_people){has_files ? directory_import_new(&names) : NULL,
                                           has_files ? NULL : org_new(&setup)};
    if (faults == NULL || (ret_people->import == NULL && ret_people->nobody == NULL)) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    return has_files ? read_files(ctl, ret_people->import, faults) : CTL_OK;
}

void backtest_people_fini(struct backtest_people *people)
{
    directory_import_free(people->import);
    org_free(people->nobody);
}

const struct org *backtest_people_org(const struct backtest_people *people)
{
    return people->import != NULL ? directory_import_org(people->import) : people->nobody;
}
