/* A roster as an iCalendar file (RFC 5545), read and written.
 *
 * A duty is a VEVENT: DTSTART with DTEND or DURATION, RRULE of FREQ=DAILY or WEEKLY (INTERVAL, BYDAY, UNTIL, COUNT) or of
 * MONTHLY with an end (each day becomes a duty of its own), EXDATE, RDATE; an instance that was changed is a VEVENT with RECURRENCE-ID, and one with STATUS:CANCELLED is nobody's. Who has it
 * is the ATTENDEE (several share it; ROLE=OPT-PARTICIPANT is the substitute), where it counts is the LOCATION, a campus.
 * Times may be floating, UTC, or of a TZID that the system knows or whose VTIMEZONE has one offset only; they are kept on the
 * unit's wall clock. What no calendar program knows stands in X-SHOUWANG-DAYS (every, school, other), X-SHOUWANG-INSTEAD-OF
 * (an override: a person's address, or * for everybody), and, of the calendar, X-SHOUWANG-HOLIDAY:20261001/20261007 and
 * X-SHOUWANG-MAKE-UP:20261010/TH.
 *
 * Everything else of a calendar is passed over; what would change who is on duty and is not understood is a fault with its
 * line. Nothing is expanded: a rule of thousand years is one shift. */
#ifndef WIRE_ROSTER_ICAL_H
#define WIRE_ROSTER_ICAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/roster/roster.h"
#include "wire/yaml.h"

enum {
    ROSTER_ICAL_MAX_BYTES = 1024 * 1024,
    ROSTER_ICAL_LINE_MAX_BYTES = 8 * 1024, /* unfolded */
    ROSTER_ICAL_EVENTS_MAX = 2048,
    ROSTER_ICAL_PEOPLE_MAX = 8, /* of one duty */
};

/* Who and where the file means. Each answers false for what the directory does not know. */
struct roster_ical_names {
    /* "mailto:wang@example.org", "tel:+86138…", "urn:shouwang:person:T012" -> a person id, valid as long as `arena`. */
    bool (*find_person)(void *ctx, struct str address, struct arena *arena, struct str *ret_id);
    /* A campus by id or label -> its id. */
    bool (*find_campus)(void *ctx, struct str text, struct arena *arena, struct str *ret_id);
    void *ctx;
};

struct roster_ical {
    const char *path; /* names the file in faults, which must not outlive it */
    struct str content;
    struct str unit;
    struct str role;
    struct str time_zone; /* of the unit, IANA; may be empty */
    struct zone zone;
};

/* Everything of the roster lives in `arena`; it has no index yet. ERR_INVALID: faults were added; ERR_MEMORY. Blocks on
 * files of time zones. */
SW_NODISCARD int roster_ical_read(const struct roster_ical *file,
                                  const struct roster_ical_names *names, struct arena *arena,
                                  struct yaml_faults *faults, struct roster *ret_roster);

/* The roster as a file, in floating times; a series that has always been begins two weeks before `now_ms`. ERR_MEMORY. */
SW_NODISCARD int roster_ical_write(const struct roster *roster, const struct zone *zone,
                                   int64_t now_ms, struct arena *arena, struct str *ret_text);

#endif
