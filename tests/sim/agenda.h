/* Virtual time: what is to happen when. The only clock of a run; it jumps from one entry to the next. */
#ifndef TESTS_SIM_AGENDA_H
#define TESTS_SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda;

/* `mark` is whatever the entry was made with: a life, to be compared with the one that is lived now. */
typedef void (*agenda_fn)(void *ctx, uint64_t mark);

struct agenda *agenda_new(int64_t start_ms);
void agenda_free(struct agenda *agenda);

/* ms of UTC since the epoch: the true time, which is also the brokers'. */
int64_t agenda_now(const struct agenda *agenda);

/* Entries of one instant happen in the order in which they were made. A time that has passed means now. There is no taking back:
 * `mark` is for that. */
void agenda_add(struct agenda *agenda, int64_t at_ms, agenda_fn run, void *ctx, uint64_t mark);

/* Turns the clock to the next entry and runs it; false, with the clock at `until_ms`, when there is none by then. */
bool agenda_step(struct agenda *agenda, int64_t until_ms);

/* Entries run so far. */
uint64_t agenda_count(const struct agenda *agenda);

#endif
