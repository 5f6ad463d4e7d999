/* swctl import directory: files of a bureau -> records of topics directory and keys.
 *
 * Nothing is written before all files are good. Erasure keys come first, so that no sealed value is ever without one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "ctl/commands.h"
#include "ctl/log_reader.h"
#include "ctl/pack_open.h"
#include "ctl/vault.h"
#include "io/seal_record.h"
#include "io/topics.h"
#include "wire/directory_file.h"

enum { FILE_MAX_BYTES = 512 << 20, FEED_TEXT_MAX_BYTES = 64 * 1024 };

struct import {
    struct ctl *ctl;
    struct ctl_vault vault;
    struct kafka_bulk *bulk;
    size_t records;
    size_t keys;
};

static void opaque_id(void *ctx, char prefix, struct str unit, struct str identifier,
                      char ret_id[DIRECTORY_ID_TEXT_BYTES])
{
    const struct import *import = ctx;
    keyring_opaque_id(import->vault.keyring, prefix, unit, identifier, ret_id);
}

static void identifier_digest(void *ctx, struct str unit, struct str identifier,
                              char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    const struct import *import = ctx;
    keyring_identifier_digest(import->vault.keyring, unit, identifier, ret_text);
}

static void address_digest(void *ctx, struct str address, char ret_text[DIRECTORY_ID_TEXT_BYTES])
{
    const struct import *import = ctx;
    keyring_address_digest(import->vault.keyring, address, ret_text);
}

static void token_hash(void *ctx, struct str secret, uint8_t ret_hash[ORG_TOKEN_HASH_BYTES])
{
    (void)ctx;
    _Static_assert((int)ORG_TOKEN_HASH_BYTES == (int)SEAL_DIGEST_BYTES,
                   "a token is kept as its digest");
    seal_digest(secret.at, secret.len, ret_hash);
}

static int password_hash(void *ctx, struct str password,
                         char ret_text[DIRECTORY_PASSWORD_TEXT_BYTES])
{
    (void)ctx;
    return seal_password_hash(password, ret_text);
}

static int emit(void *ctx, struct str unit, struct str key, struct str value, bool everywhere)
{
    struct import *import = ctx;
    const struct kafka_output output = {
        .topic = TOPIC_DIRECTORY, .unit = unit, .key = key, .value = value};
    import->records++;
    return everywhere ? kafka_bulk_write_everywhere(import->bulk, &output)
                      : kafka_bulk_write(import->bulk, &output);
}

static int ensure_key(void *ctx, struct str unit, struct str erasure_id, bool everywhere)
{
    struct import *import = ctx;
    struct str key;
    struct str value;
    if (erasure_get(import->vault.erasure, unit, erasure_id) != NULL) {
        return 0;
    }
    const struct seal_owner owner = {unit, erasure_id};
    int error = erasure_make_record(&owner, loop_utc_ms(), &import->ctl->arena, &key, &value);
    if (error == 0) {
        error = erasure_apply(import->vault.erasure, key, &value);
    }
    if (error != 0) {
        return error;
    }
    const struct kafka_output output = {
        .topic = TOPIC_KEYS, .unit = unit, .key = key, .value = value};
    import->keys++;
    error = everywhere ? kafka_bulk_write_everywhere(import->bulk, &output)
                       : kafka_bulk_write(import->bulk, &output);
    seal_wipe((char *)(uintptr_t)value.at, value.len);
    return error;
}

static int seal(void *ctx, struct str unit, struct str erasure_id, struct str clear,
                struct arena *arena, struct str *ret_sealed)
{
    struct import *import = ctx;
    const struct vault vault = {import->vault.keyring, import->vault.erasure};
    const struct vault_target target = {unit, erasure_id, SEAL_CLASS_CONTACT};
    struct sealed sealed;
    int error = vault_close(&vault, &target, clear, arena, &sealed);
    return error == 0 ? sealed_encode(&sealed, arena, ret_sealed) : error;
}

/* As many partitions as the others have: an entry lies where its unit does. */
static int ensure_feed(void *ctx, struct str partner)
{
    struct import *import = ctx;
    char id[ORG_UNIT_ID_MAX_BYTES + 1];
    const char *feeds[] = {id, NULL};
    struct buffer text;
    struct topics_plan plan;
    (void)snprintf(id, sizeof(id), "%.*s", (int)partner.len, partner.at);
    int error = topics_read_plan(import->ctl->config, &plan);
    if (error != 0) {
        return error;
    }
    plan.feeds = feeds;
    buffer_init(&text, FEED_TEXT_MAX_BYTES);
    error = topics_create(import->ctl->config, &plan, &text);
    buffer_fini(&text);
    return error;
}

/* Reads and checks all files. */
static enum ctl_exit read_files(struct ctl *ctl, struct directory_import *files)
{
    struct yaml_faults *faults = arena_alloc(&ctl->arena, sizeof(*faults));
    if (faults == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    for (size_t i = 0; i < ctl->word_count; i++) {
        struct str content;
        int error = ctl_read_file(ctl, ctl->words[i], FILE_MAX_BYTES, &content);
        if (error != 0) {
            return ctl_fail(CTL_REFUSED, "%s: %s", ctl->words[i], error_text(error));
        }
        error = directory_import_add(files, ctl->words[i], content, faults);
        if (error == ERR_MEMORY) {
            return ctl_fail(CTL_REFUSED,
                            "%s: with the files before it more than the %d MiB of an import: "
                            "import fewer schools at a time, each time with their county's file",
                            ctl->words[i], DIRECTORY_IMPORT_MAX_BYTES >> 20);
        }
        if (error != 0 && error != ERR_INVALID) {
            return ctl_fail(CTL_UNAVAILABLE, "%s: %s", ctl->words[i], error_text(error));
        }
    }
    int error = faults->count > 0 ? ERR_INVALID : directory_import_finish(files, faults);
    if (error == ERR_INVALID) {
        return ctl_tell_faults(faults, "nothing was written");
    }
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

static enum ctl_exit write_records(struct import *import, struct directory_import *files)
{
    const struct directory_sink sink = {.ensure_key = ensure_key,
                                        .seal = seal,
                                        .ensure_feed = ensure_feed,
                                        .emit = emit,
                                        .ctx = import};
    enum ctl_exit code = log_open_bulk(import->ctl, &import->bulk);
    if (code != CTL_OK) {
        return code;
    }
    int error = directory_import_write(files, &sink);
    if (error == 0) {
        error = kafka_bulk_commit(import->bulk);
    }
    kafka_bulk_free(import->bulk);
    return error == 0 ? CTL_OK
                      : ctl_fail(CTL_UNAVAILABLE, "not all was written: %s; import again",
                                 error_text(error));
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct import import = {.ctl = ctl};
    bool dry = ctl_option(ctl, "--check") != NULL;
    enum ctl_exit code = ctl_vault_open(ctl, KEYRING_CLOSE | KEYRING_IDENT, !dry, &import.vault);
    if (code != CTL_OK) {
        return code;
    }
    const struct directory_names names = {.opaque_id = opaque_id,
                                          .identifier_digest = identifier_digest,
                                          .address_digest = address_digest,
                                          .token_hash = token_hash,
                                          .password_hash = password_hash,
                                          .ctx = &import};
    struct directory_import *files = directory_import_new(&names);
    code = files == NULL ? ctl_fail(CTL_UNAVAILABLE, "out of memory") : read_files(ctl, files);
    if (code == CTL_OK && !dry) {
        code = write_records(&import, files);
    }
    if (code == CTL_OK) {
        ctl_say(ctl->json ? "{\"files\": %zu, \"records\": %zu, \"written\": %zu, \"keys\": %zu}"
                          : "%zu files, %zu records: %zu written, %zu keys made",
                ctl->word_count, directory_import_count(files), import.records, import.keys);
    }
    directory_import_free(files);
    ctl_vault_close(&import.vault);
    return code;
}

static const struct ctl_option options[] = {
    {"--check", NULL, "only read and check the files"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_import_directory = {
    .name = "import directory",
    .arguments = "FILE \xe2\x80\xa6",
    .help = "Load units, people, rosters, tokens, users and partners from YAML files.",
    .options = options,
    .run = run,
};
