#include "core/disclose/audience.h"

#include <stddef.h>

#include "base/assert.h"

static const char *const field_ids[] = {
#define DISCLOSE_FIELD(name, id, what) #id,
#include "core/disclose/fields.def"
#undef DISCLOSE_FIELD
};

static const struct {
    const char *id;
    uint64_t fields;
} audiences[] = {
    [DISCLOSE_AUDIENCE_NONE] = {"", 0},
#define F(name) (UINT64_C(1) << DISCLOSE_FIELD_##name)
#define DISCLOSE_AUDIENCE(name, id, fields) [DISCLOSE_AUDIENCE_##name] = {#id, fields},
#include "core/disclose/audiences.def"
#undef DISCLOSE_AUDIENCE
#undef F
};

/* Roles of core/org. Who stands above a school sees what the bureau sees; a spokesperson sees nothing of a case. */
static const struct {
    const char *role;
    enum disclose_audience audience;
} roles[] = {
    {"class_teacher", DISCLOSE_AUDIENCE_CLASS_TEACHER},
    {"grade_head", DISCLOSE_AUDIENCE_DUTY},
    {"psych_teacher", DISCLOSE_AUDIENCE_PSYCH_TEACHER},
    {"duty_leader", DISCLOSE_AUDIENCE_DUTY},
    {"duty_manager", DISCLOSE_AUDIENCE_DUTY},
    {"principal", DISCLOSE_AUDIENCE_DUTY},
    {"guardians", DISCLOSE_AUDIENCE_GUARDIAN},
    {"bureau_duty", DISCLOSE_AUDIENCE_BUREAU_DUTY},
    {"county_designee", DISCLOSE_AUDIENCE_BUREAU_DUTY},
    {"county_centre", DISCLOSE_AUDIENCE_BUREAU_DUTY},
    {"last_responder", DISCLOSE_AUDIENCE_BUREAU_DUTY},
    {"police_liaison", DISCLOSE_AUDIENCE_POLICE},
    {"hospital", DISCLOSE_AUDIENCE_HOSPITAL},
    {"team_member", DISCLOSE_AUDIENCE_DUTY},
};

const char *disclose_audience_id(enum disclose_audience audience)
{
    return (unsigned)audience < DISCLOSE_AUDIENCE_COUNT ? audiences[audience].id : "";
}

const char *disclose_field_id(enum disclose_field field)
{
    return (unsigned)field < DISCLOSE_FIELD_COUNT ? field_ids[field] : "";
}

bool disclose_audience_parse(struct str id, enum disclose_audience *ret_audience)
{
    sw_assert(ret_audience != NULL);
    for (unsigned i = DISCLOSE_AUDIENCE_NONE + 1; i < DISCLOSE_AUDIENCE_COUNT; i++) {
        if (str_is(id, audiences[i].id)) {
            *ret_audience = (enum disclose_audience)i;
            return true;
        }
    }
    return false;
}

bool disclose_field_parse(struct str id, enum disclose_field *ret_field)
{
    sw_assert(ret_field != NULL);
    for (unsigned i = 0; i < DISCLOSE_FIELD_COUNT; i++) {
        if (str_is(id, field_ids[i])) {
            *ret_field = (enum disclose_field)i;
            return true;
        }
    }
    return false;
}

enum disclose_audience disclose_audience_of_role(struct str role)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (str_is(role, roles[i].role)) {
            return roles[i].audience;
        }
    }
    return DISCLOSE_AUDIENCE_NONE;
}

bool disclose_may_see(enum disclose_audience audience, enum case_channel channel,
                      enum disclose_field field)
{
    sw_assert((unsigned)audience < DISCLOSE_AUDIENCE_COUNT);
    sw_assert((unsigned)field < DISCLOSE_FIELD_COUNT);
    uint64_t fields = audiences[audience].fields;
    if (channel == CASE_CHANNEL_SMS) {
        fields &= audiences[DISCLOSE_AUDIENCE_SCREEN].fields;
    }
    if (channel == CASE_CHANNEL_VOICE) {
        fields &= audiences[DISCLOSE_AUDIENCE_VOICE].fields;
    }
    if (channel == CASE_CHANNEL_FEED) {
        fields &= audiences[DISCLOSE_AUDIENCE_TOPIC].fields;
    }
    return (fields >> field & 1) != 0;
}
