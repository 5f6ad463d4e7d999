/* Policies of the part: pinned from the active pack or from the changelog, by the pack's hash. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "escalator/part_inside.h"
#include "io/log.h"
#include "wire/pack_calendar.h"
#include "wire/yaml.h"

enum { PINNED_ARENA_BYTES = 32 * 1024 * 1024 };

/* What a case needs of its pack: folders. */
static const struct str policies_folder = {"policies/", 9};
static const struct str calendars_folder = {"calendars/", 10};

struct part_pinned *part_find_pinned(struct part *part, const uint8_t hash[POLICY_HASH_BYTES])
{
    for (size_t i = 0; i < part->pinned_count; i++) {
        if (memcmp(part->pinned[i]->set.hash, hash, POLICY_HASH_BYTES) == 0) {
            return part->pinned[i];
        }
    }
    return NULL;
}

/* Copies the files into the pinned arena, since parsed policies borrow from their texts. */
static int copy_files(struct part_pinned *pinned, const struct case_policies *policies)
{
    struct case_policy_file *files =
        arena_alloc_array(&pinned->arena, policies->count, sizeof(*files));
    if (files == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < policies->count; i++) {
        files[i].path = arena_copy_str(&pinned->arena, policies->files[i].path);
        files[i].content = arena_copy_str(&pinned->arena, policies->files[i].content);
        if (files[i].path.at == NULL || files[i].content.at == NULL) {
            return ERR_MEMORY;
        }
    }
    pinned->files = (struct case_policies){.files = files, .count = policies->count};
    memcpy(pinned->files.hash, policies->hash, POLICY_HASH_BYTES);
    memcpy(pinned->set.hash, policies->hash, POLICY_HASH_BYTES);
    return 0;
}

/* The parsed files of a folder. */
static int parse_folder(struct part_pinned *pinned, struct str folder, struct yaml_faults *faults,
                        const struct yaml_node *roots[PART_POLICY_FILES_MAX], size_t *ret_count)
{
    size_t count = 0;
    for (size_t i = 0; i < pinned->files.count; i++) {
        const struct case_policy_file *file = &pinned->files.files[i];
        if (!str_starts(file->path, folder)) {
            continue;
        }
        /* arena_copy_str puts a NUL behind it. */
        int error =
            yaml_parse(file->path.at, file->content, &pinned->arena, faults, &roots[count++]);
        if (error != 0) {
            return error;
        }
    }
    *ret_count = count;
    return 0;
}

static int parse_files(struct part_pinned *pinned, struct yaml_faults *faults)
{
    const struct yaml_node *roots[PART_POLICY_FILES_MAX];
    struct calendar calendar = {0};
    size_t count = 0;
    int error = parse_folder(pinned, calendars_folder, faults, roots, &count);
    error =
        error != 0 ? error : pack_read_calendars(roots, count, &pinned->arena, faults, &calendar);
    error = error != 0 ? error : parse_folder(pinned, policies_folder, faults, roots, &count);
    if (error == 0 && !pack_read_policies(roots, count, &pinned->arena, faults, &pinned->set)) {
        error = ERR_INVALID;
    }
    pinned->set.calendar = calendar;
    return error;
}

static void free_pinned(struct part_pinned *pinned)
{
    if (pinned != NULL) {
        arena_fini(&pinned->arena);
        free(pinned);
    }
}

static int read_pinned(const struct case_policies *policies, struct part_pinned **ret_pinned)
{
    struct part_pinned *pinned = calloc(1, sizeof(*pinned));
    struct yaml_faults *faults = yaml_faults_new();
    int error = pinned == NULL || faults == NULL ? ERR_MEMORY : 0;
    if (error == 0) {
        arena_init(&pinned->arena, PINNED_ARENA_BYTES);
        error = copy_files(pinned, policies);
    }
    error = error != 0 ? error : parse_files(pinned, faults);
    if (error == ERR_INVALID) {
        log_error("policies_refused", log_count("faults", (int64_t)faults->count));
    }
    free(faults);
    if (error != 0) {
        free_pinned(pinned);
        return error;
    }
    *ret_pinned = pinned;
    return 0;
}

static bool has_files(const struct case_policies *a, const struct case_policies *b)
{
    bool is_same = a->count == b->count && memcmp(a->hash, b->hash, POLICY_HASH_BYTES) == 0;
    for (size_t i = 0; is_same && i < a->count; i++) {
        is_same = str_equal(a->files[i].path, b->files[i].path) &&
                  str_equal(a->files[i].content, b->files[i].content);
    }
    return is_same;
}

/* Another part's, or read now. */
static int take_pinned(struct part_shared *shared, const struct case_policies *policies,
                       struct part_pinned **ret_pinned)
{
    struct part_pinned *pinned = shared->pinned;
    while (pinned != NULL && !has_files(&pinned->files, policies)) {
        pinned = pinned->next;
    }
    int error = pinned == NULL ? read_pinned(policies, &pinned) : 0;
    if (error != 0) {
        return error;
    }
    if (pinned->parts++ == 0) {
        pinned->next = shared->pinned;
        shared->pinned = pinned;
    }
    *ret_pinned = pinned;
    return 0;
}

static void give_back(struct part_shared *shared, struct part_pinned *pinned)
{
    struct part_pinned **at = &shared->pinned;
    if (--pinned->parts > 0) {
        return;
    }
    while (*at != pinned) {
        at = &(*at)->next;
    }
    *at = pinned->next;
    free_pinned(pinned);
}

int part_pin(struct part *part, const struct case_policies *policies,
             struct part_pinned **ret_pinned)
{
    if (part->pinned_count == PART_PINNED_MAX || policies->count > PART_POLICY_FILES_MAX) {
        return ERR_FULL;
    }
    struct part_pinned *pinned = NULL;
    int error = take_pinned(part->shared, policies, &pinned);
    if (error != 0) {
        return error;
    }
    error = casework_add_policies(part->casework, &pinned->set);
    if (error != 0) {
        give_back(part->shared, pinned);
        return error;
    }
    part->pinned[part->pinned_count++] = pinned;
    *ret_pinned = pinned;
    return 0;
}

void part_unpin_all(struct part *part)
{
    while (part->pinned_count > 0) {
        give_back(part->shared, part->pinned[--part->pinned_count]);
    }
}

static int pin_pack(struct part *part, const struct pack *pack, struct part_pinned **ret_pinned)
{
    struct case_policy_file files[PART_POLICY_FILES_MAX];
    struct case_policies policies = {.files = files};
    memcpy(policies.hash, pack->hash, POLICY_HASH_BYTES);
    for (size_t i = 0; i < pack->file_count && policies.count < PART_POLICY_FILES_MAX; i++) {
        struct str path = str_of(pack->files[i].path);
        if (str_starts(path, policies_folder) || str_starts(path, calendars_folder)) {
            files[policies.count++] = (struct case_policy_file){path, pack->files[i].content};
        }
    }
    return part_pin(part, &policies, ret_pinned);
}

const struct policy_set *part_policies_of(void *ctx, struct str unit)
{
    struct part *part = ctx;
    const struct org_unit *record = org_find_unit(part->org, unit);
    const struct pack *pack =
        pack_store_active(part->packs, record != NULL ? record->jurisdiction : STR_LITERAL(""));
    if (pack == NULL) {
        return NULL;
    }
    struct part_pinned *pinned = part_find_pinned(part, pack->hash);
    if (pinned == NULL) {
        int error = pin_pack(part, pack, &pinned);
        if (error != 0) {
            part->shared->fail(part->shared->ctx, error_name(error));
            return NULL;
        }
    }
    return &pinned->set;
}
