/* Inside of wire/directory_file: reads single things of a file into the import's arena. The first fault of memory stays in
 * `error`; faults of the file clear `is_good`, are collected, and leave the result empty. A node of NULL is absent. */
#ifndef WIRE_DIRECTORY_READER_H
#define WIRE_DIRECTORY_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/directory_file_parts.h"

struct directory_reader {
    struct directory_import *import;
    struct yaml_faults *faults;
    bool is_good;
    int error; /* ERR_MEMORY */
};

/* Zeroed elements in the import's arena; NULL, and the error, when it is full. */
void *directory_reader_take(struct directory_reader *reader, size_t count, size_t element_bytes);

/* Adds a fault. */
void directory_reader_fail(struct directory_reader *reader, const struct yaml_node *at,
                           const char *text);

/* As yaml_read_mapping. */
bool directory_reader_mapping(struct directory_reader *reader, const struct yaml_node *node,
                              const struct yaml_key *keys, size_t count);

/* The items of a list, which may be a single one; absent: none. */
size_t directory_reader_list(struct directory_reader *reader, const struct yaml_node *node,
                             size_t max, const struct yaml_node **ret_items);

/* A text as the import's own; absent: empty. */
struct str directory_reader_text(struct directory_reader *reader, const struct yaml_node *node,
                                 size_t max_bytes);

/* A reference or id, of DIRECTORY_REF_MAX_BYTES. */
struct str directory_reader_ref(struct directory_reader *reader, const struct yaml_node *node);

/* A list of texts; NULL with no memory. */
struct str *directory_reader_texts(struct directory_reader *reader, const struct yaml_node *node,
                                   size_t max, size_t *ret_count);

/* The index of one of `count` words; absent: 0. */
size_t directory_reader_choice(struct directory_reader *reader, const struct yaml_node *node,
                               const char *const *words, size_t count);

/* Absent: false. */
bool directory_reader_bool(struct directory_reader *reader, const struct yaml_node *node);

/* "HH:MM", 00:00 to 24:00, as minutes of the day. */
uint32_t directory_reader_clock(struct directory_reader *reader, const struct yaml_node *node);

/* "YYYY-MM-DD" as days since 1970; absent: 0. */
int64_t directory_reader_day(struct directory_reader *reader, const struct yaml_node *node);

/* "YYYY-MM-DD HH:MM" on the unit's wall clock, in milliseconds since 1970 on it; absent: 0. */
int64_t directory_reader_local(struct directory_reader *reader, const struct yaml_node *node);

/* One of the closed list. */
enum org_role directory_reader_role(struct directory_reader *reader, const struct yaml_node *node);

/* The section of rosters, one of them (directory_file_roster.c). */
void directory_read_roster(struct directory_reader *reader, const struct yaml_node *node);

#endif
