/* A pack: rules, policies and templates that are valid together, named by the hash of their bytes.
 *
 * Happy path: pack_read_folder gives the files of a folder; pack_build reads and checks all of them and gives one immutable
 * pack, or faults with file, line and column. `swctl pack activate` writes the records of pack_file_record and, last, that
 * of pack_active_record; services feed what they see on the topic to a pack_store, which builds a pack once it is complete
 * and active, and answers which pack judges for a jurisdiction. A pack that does not build is never handed out: the one
 * before it stays. */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/policy.h"
#include "wire/instrument.h"
#include "core/roster/calendar.h"
#include "wire/yaml.h"

struct ruleset;

enum {
    PACK_HASH_BYTES = 32,
    PACK_FILES_MAX = 512,
    PACK_FILE_MAX_BYTES = YAML_FILE_MAX_BYTES,
    PACK_PATH_MAX_BYTES = 128, /* [A-Za-z0-9_+./-], relative, no ".." */
    PACK_KEY_MAX_BYTES = 256,  /* of a record */
    PACK_STORED_MAX =
        32, /* packs in a store; a further one replaces the oldest that is not active */
    PACK_JURISDICTION_MAX_BYTES = 64,
};

struct pack_file {
    const char *path; /* "rules/core.yaml" */
    struct str content;
};

/* The content hash of the project: seal_digest. */
typedef void (*pack_hash_fn)(const void *bytes, size_t len, uint8_t ret_hash[PACK_HASH_BYTES]);

/* Immutable once built; all of it lives as long as the pack. */
struct pack {
    uint8_t hash[PACK_HASH_BYTES];
    const struct pack_file *files; /* sorted by path, copied; templates are read from here */
    size_t file_count;
    struct calendar calendar; /* also in rules and policies */
    const struct ruleset *rules;
    struct policy_set policies;
    struct instrument_set instruments;
    struct arena arena;
};

/* Checks and compiles everything in the files: what is not under rules/, policies/, templates/, instruments/,
 * calendars/, examples/ or README.md is a fault; examples are looked at by whoever runs them (wire/example). `files` are copied. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int pack_build(const struct pack_file *files, size_t file_count, pack_hash_fn hash,
                            struct yaml_faults *faults, struct pack **ret_pack);

/* The same without a look at the templates, which takes most of the time: for packs that were checked when they were made
 * active. Whoever renders the templates loads them itself. */
SW_NODISCARD int pack_build_parts(const struct pack_file *files, size_t file_count,
                                  pack_hash_fn hash, struct yaml_faults *faults,
                                  struct pack **ret_pack);
void pack_free(struct pack *pack);

/* The file of that path, or NULL. */
const struct pack_file *pack_find_file(const struct pack *pack, const char *path);

/* Reads all files of a folder and those below it into `arena`, hidden ones left out. Blocks. ERR_NOT_FOUND, ERR_IO,
 * ERR_TOO_LARGE and ERR_FULL (bounds above) with a fault that names the path; ERR_MEMORY. */
SW_NODISCARD int pack_read_folder(const char *folder, struct arena *arena,
                                  struct yaml_faults *faults, const struct pack_file **ret_files,
                                  size_t *ret_count);

/* --- Records of topic directory ------------------------------------------------------------------------------------ */

/* Keys `pack/<64 hex>/<path>` and `pack/active/<jurisdiction>`. */
bool pack_owns_key(struct str key);

/* One file's record: key and value, in `arena`. ERR_MEMORY. */
SW_NODISCARD int pack_file_record(const struct pack *pack, size_t file_index, struct arena *arena,
                                  struct str *ret_key, struct str *ret_value);

struct pack_activation {
    struct str jurisdiction; /* [a-z0-9_-], not empty */
    struct str by;           /* who activates */
    int64_t at_ms;
};

/* The record that makes the pack active: to be written after all its files. ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int pack_active_record(const struct pack *pack,
                                    const struct pack_activation *activation, struct arena *arena,
                                    struct str *ret_key, struct str *ret_value);

/* --- What a service has seen of them ------------------------------------------------------------------------------- */

struct pack_store;

/* NULL when memory is out. Packs handed out live until pack_store_free. */
struct pack_store *pack_store_new(pack_hash_fn hash);
void pack_store_free(struct pack_store *store);

/* One record of the topic, `value` NULL for a tombstone. `*ret_pack` (may be NULL) is the pack that became active by it,
 * else NULL. ERR_INVALID: refused, or the pack does not build: `faults` says why, what was active stays so;
 * ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int pack_store_apply(struct pack_store *store, struct str key, const struct str *value,
                                  struct yaml_faults *faults, const struct pack **ret_pack);

/* The pack that judges for a jurisdiction: the one active for it, else the one activated last for any; NULL: none yet. */
const struct pack *pack_store_active(const struct pack_store *store, struct str jurisdiction);

/* A pack that was built here, by its hash, or NULL. */
const struct pack *pack_store_find(const struct pack_store *store,
                                   const uint8_t hash[PACK_HASH_BYTES]);

/* --- Parts of other owners ----------------------------------------------------------------------------------------- */

/* wire/pack_policy.c: reads the roots of all files under policies/, in order of their paths, into `ret_set` (but for its hash);
 * texts and arrays in `arena`. Each root is a mapping with the key `policies` and the optional settings. False: faults. */
bool pack_read_policies(const struct yaml_node *const *roots, size_t root_count,
                        struct arena *arena, struct yaml_faults *faults,
                        struct policy_set *ret_set);

#endif
