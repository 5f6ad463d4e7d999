#include "rules_made.h"

#include <stdio.h>

#include "base/assert.h"

enum { SCREENED_EVERY_DAYS = 20 };

/* --- the county --------------------------------------------------------------------------------------------------------- */

static void put(struct county *county, const struct org_record *record)
{
    int error = org_put(county->org, record);
    sw_assert(error == 0);
}

/* The pupil sits in the class of its number; the first one of a class brings the class. */
static void seat(const struct term *term, struct county *county, size_t pupil)
{
    char name[24];
    size_t place = pupil % COUNTY_PUPILS_EACH;
    struct str unit = str_of(term->schools[pupil / COUNTY_PUPILS_EACH]);
    int length = snprintf(name, sizeof(name), "c%zu", place / TERM_CLASS_PUPILS);
    struct str class_id = {name, (size_t)length};
    const struct org_record group = {
        .kind = ORG_RECORD_GROUP,
        .group = {
            .id = class_id, .unit = unit, .kind = ORG_GROUP_CLASS, .parent = STR_LITERAL("g1")}};
    const struct org_record person = {.kind = ORG_RECORD_PERSON,
                                      .person = {.id = str_of(term->pupils[pupil]),
                                                 .unit = unit,
                                                 .kind = ORG_PERSON_STUDENT,
                                                 .group = class_id}};
    if (place % TERM_CLASS_PUPILS == 0) {
        put(county, &group);
    }
    put(county, &person);
}

void term_add_schools(struct term *term, struct county *county, size_t from, size_t to)
{
    county_add_schools(county, from, to);
    for (size_t school = from; school < to; school++) {
        struct str id = county_school(school, term->schools[school]);
        term->schools[school][id.len] = '\0';
    }
    for (size_t pupil = from * COUNTY_PUPILS_EACH; pupil < to * COUNTY_PUPILS_EACH; pupil++) {
        struct str id = county_pupil(pupil, term->pupils[pupil]);
        term->pupils[pupil][id.len] = '\0';
        seat(term, county, pupil);
    }
}

/* --- events ------------------------------------------------------------------------------------------------------------- */

/* Below `below`, by xorshift64: the same in each run. */
static uint32_t chance(struct term *term, uint32_t below)
{
    term->chance ^= term->chance << 13;
    term->chance ^= term->chance >> 7;
    term->chance ^= term->chance << 17;
    return (uint32_t)(term->chance >> 32) % below;
}

struct made *term_make(struct term *term, enum event_kind kind, size_t pupil, int64_t at_ms)
{
    sw_assert(term->made_count < TERM_EVENTS_MAX);
    struct made *made = &term->made[term->made_count++];
    int length = snprintf(made->id, sizeof(made->id), "e%zu", term->numbers++);
    size_t other = pupil - pupil % TERM_CLASS_PUPILS + chance(term, TERM_CLASS_PUPILS / 2);
    made->parties[0] =
        (struct event_party){.ref = str_of(term->pupils[pupil]), .role = CASE_PARTY_AFFECTED};
    made->parties[1] =
        (struct event_party){.ref = str_of(term->pupils[other]), .role = CASE_PARTY_REPORTER};
    enum event_family family = event_kind_family(kind);
    made->event = (struct event){.id = {made->id, (size_t)length},
                                 .source = STR_LITERAL("/made-up/term"),
                                 .unit = str_of(term->schools[pupil / COUNTY_PUPILS_EACH]),
                                 .family = family,
                                 .kind = kind,
                                 .kind_name = str_of(event_kind_name(kind)),
                                 .parties = made->parties,
                                 .party_count = family == EVENT_FAMILY_INCIDENT ? 2 : 1,
                                 .occurred_ms = at_ms,
                                 .discovered_ms = at_ms,
                                 .reported_ms = at_ms};
    return made;
}

static void make_presence(struct term *term, enum event_kind kind, size_t pupil, int64_t at_ms,
                          enum event_roll state)
{
    struct event_attendance *attendance = &term_make(term, kind, pupil, at_ms)->event.attendance;
    attendance->state = state;
    if (kind == EVENT_KIND_RETURNED) {
        attendance->gate = STR_LITERAL("g-main");
    } else {
        bool is_morning = (at_ms - TERM_START_MS) % TERM_DAY_MS < 12 * TERM_HOUR_MS;
        attendance->session = is_morning ? STR_LITERAL("am") : STR_LITERAL("pm");
    }
}

static void make_screening(struct term *term, size_t pupil, int64_t at_ms)
{
    static const char *const names[TERM_ITEMS] = {"1", "2", "3", "4", "5", "6", "7"};
    struct made *made = term_make(term, EVENT_KIND_RESULT, pupil, at_ms);
    uint32_t answers = chance(term, 10) < 9 ? 2 : 4;
    for (size_t i = 0; i < TERM_ITEMS; i++) {
        made->items[i] = (struct event_item){str_of(names[i]), (int32_t)chance(term, answers)};
    }
    made->event.screening = (struct event_screening){.instrument = STR_LITERAL("GAD-7"),
                                                     .version = STR_LITERAL("2006"),
                                                     .item_count = TERM_ITEMS,
                                                     .answers_are_open = true,
                                                     .items = made->items,
                                                     .opened_count = TERM_ITEMS,
                                                     .valid = true};
}

static int64_t moment(struct term *term, int64_t day_ms, int hour, uint32_t spread_s)
{
    return day_ms + hour * TERM_HOUR_MS + chance(term, spread_s) * INT64_C(1000);
}

void term_make_day(struct term *term, size_t pupil, size_t day, int64_t day_ms)
{
    static const enum event_kind reports[] = {EVENT_KIND_CONCERN,  EVENT_KIND_CONCERN,
                                              EVENT_KIND_BULLYING, EVENT_KIND_LIFE_EVENT,
                                              EVENT_KIND_ACCIDENT, EVENT_KIND_SELF_HARM};
    uint32_t fate = chance(term, 1000);
    enum event_roll state = fate < 5    ? EVENT_ROLL_ABSENT_UNEXPLAINED
                            : fate < 20 ? EVENT_ROLL_ABSENT_EXPLAINED
                                        : EVENT_ROLL_PRESENT;
    if (state == EVENT_ROLL_PRESENT) {
        make_presence(term, EVENT_KIND_RETURNED, pupil, moment(term, day_ms, 7, 3000), state);
    }
    make_presence(term, EVENT_KIND_ROLL, pupil, moment(term, day_ms, 8, 1800), state);
    make_presence(term, EVENT_KIND_ROLL, pupil, moment(term, day_ms, 14, 1800), state);
    if ((day + pupil) % SCREENED_EVERY_DAYS == 0) {
        make_screening(term, pupil, moment(term, day_ms, 10, 3600));
    }
    if (chance(term, 500) == 0) {
        term_make(term, reports[chance(term, sizeof(reports) / sizeof(reports[0]))], pupil,
                  moment(term, day_ms, 12, 3600));
    }
}
