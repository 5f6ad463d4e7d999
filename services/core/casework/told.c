#include "core/casework/told.h"

#include <string.h>

#include "base/assert.h"
#include "core/casework/step.h"

struct told *told_find(const struct work *work, struct str person, struct str role,
                       struct str cause)
{
    for (size_t i = 0; i < work->file->told_count; i++) {
        struct told *told = &work->file->told[i];
        if (told->generation == work->file->generation && str_equal(told->person, person) &&
            str_equal(told->role, role) && str_equal(told->cause, cause)) {
            return told;
        }
    }
    return NULL;
}

/* Whether a later entry still names the person, so that a stand-down reaches everybody. */
static bool is_named_later(const struct casefile *file, size_t index)
{
    for (size_t i = index + 1; i < file->told_count; i++) {
        if (file->told[i].not_told.len == 0 &&
            str_equal(file->told[i].person, file->told[index].person)) {
            return true;
        }
    }
    return file->told[index].not_told.len > 0;
}

static void make_room(struct casefile *file)
{
    size_t gone = 0;
    for (size_t i = 0; i < file->told_count; i++) {
        bool old = file->told[i].generation < file->generation;
        bool step = step_is_cause(file->told[i].cause);
        if ((old || !step) && is_named_later(file, i)) {
            gone = i;
            break;
        }
    }
    file->told_count--;
    memmove(&file->told[gone], &file->told[gone + 1],
            (file->told_count - gone) * sizeof(struct told));
}

static struct told *add(struct work *work, struct str person, struct str role, struct str cause)
{
    struct casefile *file = work->file;
    if (file->told_count == CASE_TOLD_MAX) {
        make_room(file);
    }
    sw_assert(file->told_count < CASE_TOLD_MAX);
    struct told *told = &file->told[file->told_count++];
    *told = (struct told){
        .person = work_copy(work, person),
        .role = work_copy(work, role),
        .cause = work_copy(work, cause),
        .generation = file->generation,
        .at_ms = work->wall_ms,
    };
    return told;
}

struct told *told_mark(struct work *work, struct str person, struct str role, struct str cause,
                       enum case_channel channel)
{
    struct told *told = told_find(work, person, role, cause);
    if (told == NULL) {
        told = add(work, person, role, cause);
    }
    if (told->not_told.len > 0) {
        told->not_told = STR_LITERAL("");
        told->at_ms = work->wall_ms;
    }
    told->channels |= 1u << channel;
    if (told->best == CASE_DELIVERY_NONE) {
        told->best = CASE_DELIVERY_QUEUED;
    }
    return told;
}

void told_mark_not(struct work *work, struct str person, struct str role, struct str cause,
                   const char *reason)
{
    if (told_find(work, person, role, cause) == NULL) {
        add(work, person, role, cause)->not_told = str_of(reason);
    }
}
