/* Who is in an example: the school with its county, its classes and pupils, and who reports. */
#include "wire/example_inside.h"

#include <stdio.h>

enum { CLASSES_MAX = 64, FLAGS_MAX = 200 };

static bool put(struct example_reading *reading, const struct yaml_node *node,
                const struct org_record *record)
{
    int error = org_put(reading->org, record);
    if (error == ERR_INVALID) {
        yaml_fail(reading->faults, node, "not an id, or not a record of a directory");
    } else if (error != 0) {
        (void)example_out_of_memory(reading);
    }
    return error == 0;
}

static bool put_units(struct example_reading *reading, const struct yaml_node *node)
{
    static const struct str county = STR_LITERAL(EXAMPLE_COUNTY);
    const struct org_record above = {
        .kind = ORG_RECORD_UNIT,
        .unit = {.id = county, .kind = ORG_UNIT_COUNTY, .label = STR_LITERAL("made up")}};
    const struct org_record school = {.kind = ORG_RECORD_UNIT,
                                      .unit = {.id = STR_LITERAL(EXAMPLE_UNIT),
                                               .kind = ORG_UNIT_SCHOOL,
                                               .label = STR_LITERAL("made up"),
                                               .parent = county,
                                               .above = &county,
                                               .above_count = 1}};
    return put(reading, node, &above) && put(reading, node, &school);
}

static bool put_group(struct example_reading *reading, const struct yaml_node *node,
                      enum org_group_kind kind, struct str id, struct str parent)
{
    const struct org_record record = {
        .kind = ORG_RECORD_GROUP,
        .group = {.id = id, .unit = STR_LITERAL(EXAMPLE_UNIT), .kind = kind, .parent = parent}};
    return put(reading, node, &record);
}

static bool put_pupil(struct example_reading *reading, const struct yaml_node *node, struct str id,
                      struct str group, const struct org_flag *flag)
{
    const struct org_record record = {.kind = ORG_RECORD_PERSON,
                                      .person = {.id = id,
                                                 .unit = STR_LITERAL(EXAMPLE_UNIT),
                                                 .kind = ORG_PERSON_STUDENT,
                                                 .group = group,
                                                 .flags = flag,
                                                 .flag_count = flag == NULL ? 0 : 1}};
    return put(reading, node, &record);
}

static bool put_named(struct example_reading *reading, const struct yaml_node *node,
                      struct str group)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    bool is_good = yaml_read_list(node, true, EXAMPLE_PUPILS_MAX, reading->faults, &items, &count);
    for (size_t i = 0; i < count && is_good; i++) {
        struct str id;
        is_good = yaml_read_text(&items[i], EXAMPLE_NAME_BYTES, reading->faults, &id) &&
                  put_pupil(reading, &items[i], id, group, NULL);
    }
    return is_good;
}

/* "c1-1", "c1-2" … */
static bool put_numbered(struct example_reading *reading, const struct yaml_node *node,
                         struct str group)
{
    int64_t count = 0;
    bool is_good = yaml_read_int64(node, 1, EXAMPLE_PUPILS_MAX, reading->faults, &count);
    for (int64_t i = 1; i <= count && is_good; i++) {
        char id[EXAMPLE_NAME_BYTES + 8];
        (void)snprintf(id, sizeof(id), "%.*s-%d", (int)group.len, group.at, (int)i);
        is_good = put_pupil(reading, node, str_of(id), group, NULL);
    }
    return is_good;
}

static bool read_class(struct example_reading *reading, const struct yaml_node *node)
{
    const struct yaml_node *id = NULL;
    const struct yaml_node *grade = NULL;
    const struct yaml_node *pupils = NULL;
    const struct yaml_node *count = NULL;
    const struct yaml_key keys[] = {{"id", true, &id},
                                    {"grade", true, &grade},
                                    {"pupils", false, &pupils},
                                    {"count", false, &count}};
    struct str group;
    struct str parent;
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reading->faults) ||
        !yaml_read_text(id, EXAMPLE_NAME_BYTES, reading->faults, &group) ||
        !yaml_read_text(grade, EXAMPLE_NAME_BYTES, reading->faults, &parent)) {
        return false;
    }
    return put_group(reading, grade, ORG_GROUP_GRADE, parent, (struct str){NULL, 0}) &&
           put_group(reading, id, ORG_GROUP_CLASS, group, parent) &&
           (pupils == NULL || put_named(reading, pupils, group)) &&
           (count == NULL || put_numbered(reading, count, group));
}

static bool read_flag(struct example_reading *reading, const struct yaml_node *node)
{
    const struct yaml_node *pupil = NULL;
    const struct yaml_node *flag = NULL;
    const struct yaml_key keys[] = {{"pupil", true, &pupil}, {"flag", true, &flag}};
    struct str id;
    struct org_flag given = {.source = STR_LITERAL("example")};
    if (!yaml_read_mapping(node, keys, sizeof(keys) / sizeof(keys[0]), reading->faults) ||
        !yaml_read_text(pupil, EXAMPLE_NAME_BYTES, reading->faults, &id) ||
        !yaml_read_id(flag, false, reading->faults, &given.code)) {
        return false;
    }
    const struct org_person *person = org_find_person(reading->org, STR_LITERAL(EXAMPLE_UNIT), id);
    if (person == NULL) {
        yaml_fail(reading->faults, pupil, "no such pupil in classes");
        return false;
    }
    struct str group = arena_copy_str(reading->arena, person->group);
    return group.at == NULL ? example_out_of_memory(reading)
                            : put_pupil(reading, node, id, group, &given);
}

typedef bool (*read_item_fn)(struct example_reading *reading, const struct yaml_node *node);

static bool read_each(struct example_reading *reading, const struct yaml_node *node, size_t max,
                      read_item_fn read)
{
    const struct yaml_node *items = NULL;
    size_t count = 0;
    bool is_good =
        node == NULL || yaml_read_list(node, false, max, reading->faults, &items, &count);
    for (size_t i = 0; i < count; i++) {
        is_good = read(reading, &items[i]) && is_good;
    }
    return is_good;
}

bool example_put_reporter(struct example_reading *reading, const struct yaml_node *node)
{
    static const struct str unit = STR_LITERAL(EXAMPLE_UNIT);
    if (node == NULL || org_find_person(reading->org, unit, node->text) != NULL) {
        return true;
    }
    const struct org_record record = {
        .kind = ORG_RECORD_PERSON,
        .person = {.id = node->text, .unit = unit, .kind = ORG_PERSON_STAFF}};
    return put(reading, node, &record);
}

bool example_put_people(struct example_reading *reading, const struct yaml_node *root,
                        const struct yaml_node *classes, const struct yaml_node *flags)
{
    return put_units(reading, root) && read_each(reading, classes, CLASSES_MAX, read_class) &&
           read_each(reading, flags, FLAGS_MAX, read_flag);
}
