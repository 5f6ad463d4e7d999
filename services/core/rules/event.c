#include "core/rules/event.h"

#include "base/assert.h"

struct kind_row {
    enum event_family family;
    const char *name;
};

static const struct kind_row kind_rows[EVENT_KIND_COUNT] = {
    [EVENT_KIND_UNKNOWN] = {EVENT_FAMILY_NONE, ""},
#define EVENT_KIND(name, text, family) [EVENT_KIND_##name] = {EVENT_FAMILY_##family, text},
#include "core/rules/event_kinds.def"
#undef EVENT_KIND
};

static const char *const family_names[EVENT_FAMILY_COUNT] = {
    [EVENT_FAMILY_NONE] = "",
    [EVENT_FAMILY_SCREENING] = "screening",
    [EVENT_FAMILY_ATTENDANCE] = "attendance",
    [EVENT_FAMILY_INCIDENT] = "incident",
};

enum event_kind event_kind_find(enum event_family family, struct str name)
{
    for (int kind = EVENT_KIND_UNKNOWN + 1; kind < EVENT_KIND_COUNT; kind++) {
        if (kind_rows[kind].family == family && str_is(name, kind_rows[kind].name)) {
            return (enum event_kind)kind;
        }
    }
    return EVENT_KIND_UNKNOWN;
}

const char *event_kind_name(enum event_kind kind)
{
    sw_assert(kind < EVENT_KIND_COUNT);
    return kind_rows[kind].name;
}

enum event_family event_kind_family(enum event_kind kind)
{
    sw_assert(kind < EVENT_KIND_COUNT);
    return kind_rows[kind].family;
}

const char *event_family_name(enum event_family family)
{
    sw_assert(family < EVENT_FAMILY_COUNT);
    return family_names[family];
}

enum event_family event_family_find(struct str name)
{
    for (int family = EVENT_FAMILY_NONE + 1; family < EVENT_FAMILY_COUNT; family++) {
        if (str_is(name, family_names[family])) {
            return (enum event_family)family;
        }
    }
    return EVENT_FAMILY_NONE;
}

const struct event_party *event_find_party(const struct event *event, enum case_party_role role)
{
    for (size_t i = 0; i < event->party_count; i++) {
        if (event->parties[i].role == role) {
            return &event->parties[i];
        }
    }
    return NULL;
}
