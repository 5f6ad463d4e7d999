/* The list of people told, and not told with the reason. Internal to casework. */
#ifndef CORE_CASEWORK_TOLD_H
#define CORE_CASEWORK_TOLD_H

#include "core/casework/parts.h"

/* The entry of this generation, or NULL. */
struct told *told_find(const struct work *work, struct str person, struct str role,
                       struct str cause);

/* Marks a send: adds the entry or counts in it. Never NULL. */
struct told *told_mark(struct work *work, struct str person, struct str role, struct str cause,
                       enum case_channel channel);

/* Marks that a person was passed over; one who was told before stays told. */
void told_mark_not(struct work *work, struct str person, struct str role, struct str cause,
                   const char *reason);

#endif
