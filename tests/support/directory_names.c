#include "support/directory_names.h"

#include <stdio.h>
#include <string.h>

/* Stand-ins of the real ports: legible, the same for the same. */
static void fake_opaque_id(void *ctx, char prefix, struct str unit, struct str identifier,
                           char ret_id[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    snprintf(ret_id, DIRECTORY_ID_TEXT_BYTES, "%c-%.*s-%.*s", prefix, (int)unit.len, unit.at,
             (int)identifier.len, identifier.at);
}

static void hex_sum(struct str text, char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < text.len; i++) {
        sum = (sum ^ (unsigned char)text.at[i]) * 1099511628211u;
    }
    snprintf(ret_text, DIRECTORY_ID_TEXT_BYTES, "%016llx", (unsigned long long)sum);
}

static void fake_identifier_digest(void *ctx, struct str unit, struct str identifier,
                                   char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    (void)unit;
    hex_sum(identifier, ret_text);
}

static void fake_address_digest(void *ctx, struct str address,
                                char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    (void)ctx;
    hex_sum(address, ret_text);
}

static void fake_token_hash(void *ctx, struct str secret, uint8_t ret_hash[ORG_TOKEN_HASH_BYTES])
{
    char text[DIRECTORY_ID_TEXT_BYTES];
    (void)ctx;
    memset(ret_hash, 0, ORG_TOKEN_HASH_BYTES);
    hex_sum(secret, text);
    memcpy(ret_hash, text, 16);
}

static int fake_password_hash(void *ctx, struct str password,
                              char ret_text[DIRECTORY_PASSWORD_TEXT_BYTES])
{
    (void)ctx;
    snprintf(ret_text, DIRECTORY_PASSWORD_TEXT_BYTES, "$argon2id$fake$%zu", password.len);
    return 0;
}

const struct directory_names directory_names_made_up = {
    .opaque_id = fake_opaque_id,
    .identifier_digest = fake_identifier_digest,
    .address_digest = fake_address_digest,
    .token_hash = fake_token_hash,
    .password_hash = fake_password_hash,
};
