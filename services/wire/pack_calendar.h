/* Calendars of a pack: YAML trees -> core/roster/calendar.h. All files under calendars/ make one calendar:
 *
 *     weekdays: [monday, tuesday, wednesday, thursday, friday]     # this is the default
 *     terms: [{from: 2026-09-01, to: 2027-01-23}]                  # none: all the year
 *     holidays: [{from: 2026-10-01, to: 2026-10-07}, 2027-01-01]
 *     make_up_days: [2026-09-27]                                   # school is held, whatever else says not */
#ifndef WIRE_PACK_CALENDAR_H
#define WIRE_PACK_CALENDAR_H

#include "core/roster/calendar.h"
#include "wire/yaml.h"

/* Arrays in `arena`. ERR_INVALID: see `faults`; ERR_MEMORY. */
SW_NODISCARD int pack_read_calendars(const struct yaml_node *const *roots, size_t root_count,
                                     struct arena *arena, struct yaml_faults *faults,
                                     struct calendar *ret_calendar);

#endif
