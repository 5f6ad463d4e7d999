/* What the files of a part share. Internal to the escalator. */
#ifndef ESCALATOR_PART_INSIDE_H
#define ESCALATOR_PART_INSIDE_H

#include "base/arena.h"
#include "base/map.h"
#include "core/casework/casework.h"
#include "core/org/org.h"
#include "escalator/part.h"
#include "wire/case.h"
#include "wire/pack.h"

enum {
    PART_COMMANDS_MAX =
        128, /* ids kept per unit; an older one that comes again is taken as new, and is harmless */
    PART_PINNED_MAX = CASEWORK_SETS_MAX,
    PART_UNITS_MAX = 1024 * 1024,
    PART_ARENA_BYTES = 16 * 1024 * 1024,
    PART_POLICY_FILES_MAX = 256,
};

/* A unit's entities in the changelog beside its cases. */
struct part_unit {
    struct case_head head;
    struct ident commands[PART_COMMANDS_MAX]; /* oldest first */
    size_t command_count;
    uint64_t stored; /* bit i: pinned[i] is in the changelog under this unit */
    struct str name; /* its bytes follow the struct */
};

/* The policies of a pack, read again from their files: cases refer to them for longer than the pack may live. */
struct part_pinned {
    struct part_pinned *next; /* in shared->pinned */
    size_t parts;             /* that have pinned it */
    struct arena arena;
    struct policy_set set;
    struct case_policies files;
};

struct part {
    struct part_shared *shared;
    struct stream_partition *partition;
    int32_t index;
    struct org *org;
    struct pack_store *packs;
    struct casework *casework;
    struct effects effects;
    struct arena arena; /* of one call */
    struct map units;
    struct part_pinned *pinned[PART_PINNED_MAX];
    size_t pinned_count;
    bool is_live;
    bool is_paused;
    size_t counted; /* cases of this part in shared->case_count */
};

/* The unit's entry, made on first use; NULL when memory is out. */
struct part_unit *part_get_unit(struct part *part, struct str unit);

/* The pinned policies of a pack, or NULL. */
struct part_pinned *part_find_pinned(struct part *part, const uint8_t hash[POLICY_HASH_BYTES]);

/* Reads the policies of these files; ERR_INVALID (they were checked before they came here: a bug or another version),
 * ERR_FULL, ERR_MEMORY. */
SW_NODISCARD int part_pin(struct part *part, const struct case_policies *policies,
                          struct part_pinned **ret_pinned);

/* The part has no more use for any. */
void part_unpin_all(struct part *part);

/* casework_policies_fn: what is active for the unit's jurisdiction. */
const struct policy_set *part_policies_of(void *ctx, struct str unit);

/* Writes what a step of casework asked for: changelog, then outputs. `unit` is the input's. */
void part_perform(struct part *part, struct str unit, struct stream_effects *effects);

/* Remembers a command id: true when it is new. Writes it to the changelog. */
bool part_take_command(struct part *part, struct str unit, struct ident id,
                       struct stream_effects *effects);

/* A record that cannot be taken goes to rejects, with its place. */
struct fault;
void part_reject(struct part *part, const struct kafka_record *record, const struct fault *fault,
                 struct stream_effects *effects);

#endif
