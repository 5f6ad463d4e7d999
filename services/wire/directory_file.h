/* Directory files: what a bureau writes (config/sample/README.md shows the form) -> records of the directory topic.
 *
 * Happy path: directory_import_add for each file, in any order; directory_import_finish ties them together and checks them
 * as a whole; directory_import_write seals, encodes and hands out each record. Nothing is handed out before every file was
 * found good. Faults are collected with file, line and column.
 *
 * Files name persons and households by references of their own ("T012", a student number). They never leave the import:
 * the records carry opaque ids, keyed hashes of the reference within the topmost unit, so that a guardian with children in
 * two schools is one person. Until it is freed the import holds
 * names and addresses in clear. */
#ifndef WIRE_DIRECTORY_FILE_H
#define WIRE_DIRECTORY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/org/org.h"
#include "wire/yaml.h"

enum {
    DIRECTORY_IMPORT_MAX_BYTES = 1024 * 1024 * 1024,
    DIRECTORY_REF_MAX_BYTES = 64,
    DIRECTORY_NAME_MAX_BYTES = 128,
    DIRECTORY_ID_TEXT_BYTES = 64 + 1, /* an id or digest of the port, with its NUL */
    DIRECTORY_PASSWORD_TEXT_BYTES = 128 + 1,
};

/* Names without names, from io/keyring and io/seal. Each writes a text with its NUL. */
struct directory_names {
    /* `prefix`: 'p' person, 'h' household. */
    void (*opaque_id)(void *ctx, char prefix, struct str unit, struct str identifier,
                      char ret_id[DIRECTORY_ID_TEXT_BYTES]);
    void (*identifier_digest)(void *ctx, struct str unit, struct str identifier,
                              char ret_text[DIRECTORY_ID_TEXT_BYTES]);
    void (*address_digest)(void *ctx, struct str address, char ret_text[DIRECTORY_ID_TEXT_BYTES]);
    void (*token_hash)(void *ctx, struct str secret, uint8_t ret_hash[ORG_TOKEN_HASH_BYTES]);
    /* 0 or ERR_MEMORY. Slow on purpose. */
    int (*password_hash)(void *ctx, struct str password,
                         char ret_text[DIRECTORY_PASSWORD_TEXT_BYTES]);
    void *ctx;
};

/* Where the records go. Any error ends directory_import_write with it. */
struct directory_sink {
    /* Makes the erasure key of a person of the unit, or of the unit itself, unless there is one. `everywhere` as in emit. */
    int (*ensure_key)(void *ctx, struct str unit, struct str erasure_id, bool everywhere);
    /* Seals for class `contact` under that key: one encoded Sealed in `arena`. */
    int (*seal)(void *ctx, struct str unit, struct str erasure_id, struct str clear,
                struct arena *arena, struct str *ret_sealed);
    /* Makes the topic of a partner's feed, unless it is there: before the record by which a notifier would write to it. May
     * be NULL. */
    int (*ensure_feed)(void *ctx, struct str partner);
    /* One record, placed by its unit; `everywhere`: the unit is above a school, write it once into each partition. The texts
     * are gone when it returns. */
    int (*emit)(void *ctx, struct str unit, struct str key, struct str value, bool everywhere);
    void *ctx;
};

struct directory_import;

/* NULL when memory is out. `names` is copied. */
struct directory_import *directory_import_new(const struct directory_names *names);

/* NULL is fine. */
void directory_import_free(struct directory_import *import);

/* One file; `path` names it in faults and must outlive the import. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int directory_import_add(struct directory_import *import, const char *path,
                                      struct str content, struct yaml_faults *faults);

/* The same of a tree that was read already; it must outlive the import. */
SW_NODISCARD int directory_import_add_tree(struct directory_import *import,
                                           const struct yaml_node *root,
                                           struct yaml_faults *faults);

/* After the last file: chains of units, ids, local times, and whether all that is named is there. ERR_INVALID: see `faults`;
 * ERR_MEMORY. */
SW_NODISCARD int directory_import_finish(struct directory_import *import,
                                         struct yaml_faults *faults);

/* The records, after finish, as an organisation without sealed values: for org_check. Borrowed. */
const struct org *directory_import_org(const struct directory_import *import);

size_t directory_import_count(const struct directory_import *import);

/* Hands out every record, units first. ERR_* of the sink, ERR_MEMORY. */
SW_NODISCARD int directory_import_write(struct directory_import *import,
                                        const struct directory_sink *sink);

#endif
