/* Inside of wire/directory_file: the import and its entries. */
#ifndef WIRE_DIRECTORY_FILE_PARTS_H
#define WIRE_DIRECTORY_FILE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "wire/directory_file.h"

/* One record on its way. Between add and finish its ids are still the file's references, and its local times are milliseconds
 * since 1970 on the unit's wall clock. The arrays of `record` are these, which may be written. */
struct directory_entry {
    struct directory_entry *next;
    struct org_record record;
    struct yaml_node at; /* its place: path, line, column */
    struct str name;     /* in clear, of a person */
    struct str *clear;   /* of each address */
    struct str *numbers; /* of a person */
    struct org_address *addresses;
    struct org_guardian *guardians;
    struct org_holding *holdings;
    struct org_flag *flags; /* expire at a local time until the end */
    struct roster_shift *shifts;
    struct roster_override *overrides;
    struct str url;      /* in clear, of a partner */
    struct str *secrets; /* in clear, of a partner */
    struct str *sealed_secrets;
    struct str *units; /* of a person: where it is filed beside the first */
    size_t unit_count;
};

struct directory_entries {
    struct directory_entry *first;
    struct directory_entry *last;
};

struct directory_import {
    struct directory_names names;
    struct arena arena;                                    /* entries, as long as the import */
    struct arena scratch;                                  /* one file's tree, one record's bytes */
    struct directory_entries entries[ORG_RECORD_LAST + 1]; /* by enum org_record_kind */
    struct map units;                                      /* entries of units, by id */
    struct org *org;                                       /* of all entries, after finish */
    size_t count;
};

/* A new zeroed entry at the end of its kind's, or NULL. */
struct directory_entry *directory_import_new_entry(struct directory_import *import,
                                                   enum org_record_kind kind,
                                                   const struct yaml_node *at);

/* Reads the sections of one file. False: faults were added. ERR_MEMORY in `ret_error`. */
bool directory_import_read(struct directory_import *import, const struct yaml_node *root,
                           struct yaml_faults *faults, int *ret_error);

#endif
