/* What wire/event asks of the shell: opaque ids, digests and seals, from the keyring and the tables. */
#ifndef INTAKE_PEOPLE_H
#define INTAKE_PEOPLE_H

#include "intake/intake.h"
#include "wire/event.h"

/* The port; it borrows `intake`. */
struct event_port people_port(struct intake *intake);

#endif
