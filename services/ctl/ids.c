/* swctl ids: the opaque ids of a unit's groups and people, for a system that writes events itself. */
#include "ctl/commands.h"
#include "ctl/latest.h"
#include "shouwang/v1/directory.pb-c.h"
#include "wire/decode.h"

enum { SCRATCH_BYTES = 8 << 20 };

static const char *kind_name(Shouwang__V1__PersonKind kind)
{
    static const char *const names[] = {"unknown", "student", "staff", "guardian", "partner"};
    return (unsigned)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

/* Ids are of [A-Za-z0-9._-]: checked when they were decoded. */
static void say(const struct ctl *ctl, const char *kind, const char *id, const char *group)
{
    if (ctl->json) {
        ctl_say("{\"id\": \"%s\", \"kind\": \"%s\", \"group\": \"%s\"}", id, kind, group);
    } else {
        ctl_say("%-40s %-10s %s", id, kind, group);
    }
}

static size_t say_entry(const struct ctl *ctl, struct str value, struct arena *scratch)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    arena_reset(scratch);
    if (decode_message(&shouwang__v1__directory_record__descriptor, value, scratch, &fault,
                       &message) != 0) {
        return 0;
    }
    const Shouwang__V1__DirectoryRecord *entry = (const void *)message;
    if (entry->entry_case == SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PERSON) {
        say(ctl, kind_name(entry->person->kind), entry->person->id, entry->person->group);
        return 1;
    }
    if (entry->entry_case == SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_GROUP) {
        say(ctl, "group", entry->group->id, entry->group->parent);
        return 1;
    }
    return 0;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct latest directory;
    struct arena scratch;
    size_t said = 0;
    enum ctl_exit code = latest_read(ctl, TOPIC_DIRECTORY, ctl->words[0], "/", &directory);
    arena_init(&scratch, SCRATCH_BYTES);
    for (size_t i = 0; code == CTL_OK && i < latest_count(&directory); i++) {
        said += say_entry(ctl, latest_at(&directory, i)->value, &scratch);
    }
    if (code == CTL_OK && said == 0) {
        code = ctl_fail(CTL_REFUSED, "no unit %s in the directory", ctl->words[0]);
    }
    arena_fini(&scratch);
    latest_fini(&directory);
    return code;
}

const struct ctl_command ctl_command_ids = {
    .name = "ids",
    .arguments = "UNIT",
    .help = "List the opaque ids of a unit's groups and people.",
    .run = run,
};
