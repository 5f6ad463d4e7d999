#include "sim/school.h"

#include <stdio.h>
#include <string.h>

#include <shouwang/v1/event.pb-c.h>

#include "base/assert.h"
#include "sim/county.h"
#include "wire/decode.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* An event on its way. */
struct sent {
    struct school *school;
    struct kafka_output output;
};

static void send(void *ctx, uint64_t mark)
{
    struct sent *sent = ctx;
    (void)mark;
    broker_append(sent->school->broker, &sent->output);
}

static void *take_room(struct school *school, size_t bytes)
{
    void *room = arena_alloc(school->arena, bytes);
    sw_assert(room != NULL);
    return room;
}

static char *text_of(struct school *school, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copied = take_room(school, size);
    memcpy(copied, text, size);
    return copied;
}

/* Written, and perhaps once more. */
static void deliver(struct school *school, enum topic topic, const Shouwang__V1__Event *event)
{
    struct sent *sent = take_room(school, sizeof(*sent));
    int64_t now_ms = agenda_now(school->agenda);
    *sent = (struct sent){school, {.topic = topic}};
    sent->output.unit = arena_copy_str(school->arena, str_of(event->unit));
    sw_assert(encode_message(&event->base, school->arena, &sent->output.value) == 0);
    school->count++;
    agenda_add(school->agenda, now_ms, send, sent, 0);
    if (dice_chance(school->dice, school->habits.repeated)) {
        agenda_add(school->agenda, now_ms + dice_spread(school->dice, 1, 2 * (int64_t)DAY_MS), send,
                   sent, 0);
    }
}

static void begin(struct school *school, Shouwang__V1__Event *ret_event, const char *kind)
{
    char id[32];
    int64_t now_ms = agenda_now(school->agenda);
    *ret_event = (Shouwang__V1__Event)SHOUWANG__V1__EVENT__INIT;
    (void)snprintf(id, sizeof(id), "e-%u", school->count);
    ret_event->id = text_of(school, id);
    ret_event->source = text_of(school, COUNTY_SOURCE);
    ret_event->unit = text_of(school, county_schools[dice_below(school->dice, COUNTY_SCHOOLS)]);
    ret_event->kind = text_of(school, kind);
    ret_event->reported_at_ms = now_ms;
    ret_event->discovered_at_ms =
        now_ms - (dice_chance(school->dice, 300)
                      ? dice_spread(school->dice, 1000, 20 * (int64_t)HOUR_MS)
                      : 0);
    ret_event->history = dice_chance(school->dice, 30);
    if (dice_chance(school->dice, 40)) { /* heard of days later: nobody is called */
        ret_event->reported_at_ms -= dice_spread(school->dice, HOUR_MS, 20 * (int64_t)DAY_MS);
        ret_event->discovered_at_ms = ret_event->reported_at_ms;
    }
    ret_event->occurred_at_ms =
        ret_event->discovered_at_ms -
        (dice_chance(school->dice, 500) ? dice_spread(school->dice, 1000, DAY_MS) : 0);
}

static void add_party(struct school *school, Shouwang__V1__Event *event, const char *ref,
                      Shouwang__V1__PartyRole role)
{
    Shouwang__V1__Party **parties =
        take_room(school, (event->n_parties + 1) * sizeof(Shouwang__V1__Party *));
    Shouwang__V1__Party *party = take_room(school, sizeof(*party));
    for (size_t i = 0; i < event->n_parties; i++) {
        parties[i] = event->parties[i];
    }
    *party = (Shouwang__V1__Party)SHOUWANG__V1__PARTY__INIT;
    party->ref = text_of(school, ref);
    party->role = role;
    party->unresolved = strncmp(ref, "u-", 2) == 0;
    event->unresolved = event->unresolved || party->unresolved;
    parties[event->n_parties++] = party;
    event->parties = parties;
}

static void fear_somebody(struct school *school, Shouwang__V1__Event *event)
{
    static const char *const feared[] = {"dad", "mum", "uncle", "gran", "teacher", "duty", "boss"};
    add_party(school, event, feared[dice_below(school->dice, 7)],
              SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_ALLEGED);
    event->parties[event->n_parties - 1]->conflict =
        (Shouwang__V1__ConflictReason)dice_between(school->dice, 1, 3);
}

static void happen(struct school *school)
{
    static const char *const serious[] = {"self_harm", "threat",  "abuse_suspected",
                                          "accident",  "missing", "panic"};
    static const char *const mild[] = {"concern", "concern", "bullying",    "life_event",
                                       "hotline", "message", "key_student", "brand_new"};
    Shouwang__V1__Event event;
    Shouwang__V1__Incident incident = SHOUWANG__V1__INCIDENT__INIT;
    struct dice *dice = school->dice;
    bool is_serious = dice_chance(dice, school->habits.serious);
    begin(school, &event, is_serious ? serious[dice_below(dice, 6)] : mild[dice_below(dice, 8)]);
    add_party(school, &event,
              dice_chance(dice, 60)   ? "u-1"
              : dice_chance(dice, 60) ? "teacher"
                                      : county_pupils[dice_below(dice, COUNTY_PUPILS)],
              SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED);
    if (dice_chance(dice, school->habits.fear)) {
        fear_somebody(school, &event);
    }
    incident.place = (Shouwang__V1__Place)dice_below(dice, 4);
    incident.danger = (Shouwang__V1__Danger)dice_below(dice, 5);
    incident.injury = (Shouwang__V1__Injury)dice_below(dice, 5);
    incident.mandatory_code = dice_chance(dice, 150) ? (uint32_t)dice_below(dice, 10) : 0;
    event.detail_case = SHOUWANG__V1__EVENT__DETAIL_INCIDENT;
    event.incident = &incident;
    deliver(school, TOPIC_EVENTS_INCIDENT, &event);
}

static void be_absent(struct school *school, const char *pupil, const char *kind)
{
    Shouwang__V1__Event event;
    Shouwang__V1__Attendance attendance = SHOUWANG__V1__ATTENDANCE__INIT;
    begin(school, &event, kind);
    add_party(school, &event, pupil, SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED);
    attendance.session = text_of(school, "am");
    attendance.session_start_ms = event.discovered_at_ms;
    attendance.state = SHOUWANG__V1__ROLL_STATE__ROLL_STATE_ABSENT_UNEXPLAINED;
    attendance.confirmed = dice_chance(school->dice, 300);
    attendance.gate = text_of(school, dice_chance(school->dice, 50) ? "g-1" : "");
    event.detail_case = SHOUWANG__V1__EVENT__DETAIL_ATTENDANCE;
    event.attendance = &attendance;
    deliver(school, TOPIC_EVENTS_ATTENDANCE, &event);
}

static void attend(struct school *school)
{
    static const char *const kinds[] = {"absent", "roll", "left_campus", "dorm_missing"};
    const char *kind = kinds[dice_below(school->dice, 4)];
    if (dice_chance(school->dice, school->habits.crowd)) {
        for (size_t i = 0; i < COUNTY_PUPILS; i++) {
            be_absent(school, county_pupils[i], kind);
        }
    } else {
        be_absent(school, county_pupils[dice_below(school->dice, COUNTY_PUPILS)], kind);
    }
}

static void go_on(void *ctx, uint64_t mark)
{
    struct school *school = ctx;
    int64_t now_ms = agenda_now(school->agenda);
    (void)mark;
    if (now_ms >= school->until_ms) {
        return;
    }
    if (dice_chance(school->dice, 250)) {
        attend(school);
    } else {
        happen(school);
    }
    agenda_add(school->agenda,
               now_ms + dice_spread(school->dice, school->habits.gap_ms / 20 + 1,
                                    2 * school->habits.gap_ms + 2),
               go_on, school, 0);
}

void school_open(struct school *school)
{
    agenda_add(school->agenda,
               agenda_now(school->agenda) + dice_between(school->dice, 1000, HOUR_MS), go_on,
               school, 0);
}
