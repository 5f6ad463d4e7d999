/* A county in virtual time, for tools that try a pack: events, commands and the provider's words in, and out comes what is decided
 * and who is told. Nothing is kept.
 *
 * It drives the very cores that the services drive, as their shells do: triage (shell/replay), casework, and what the notifier
 * decides (shell/outbox). Records between them are the same bytes. At one instant what comes in goes first, then what is due. */
#ifndef SHELL_SIMULATION_H
#define SHELL_SIMULATION_H

#include <stdint.h>

#include "base/error.h"
#include "core/casework/casework.h"
#include "core/org/org.h"
#include "core/rules/event.h"
#include "shell/outbox.h"
#include "shell/replay.h"
#include "wire/pack.h"

struct simulation;

/* What comes out, in its order. Texts are gone when the callback returns, but for those of notices. */
struct simulation_calls {
    void (*signal)(void *ctx, const struct replay_signal *signal);
    void (*journal)(void *ctx, int64_t at_ms, const struct effect_journal *line);
    void (*notice)(void *ctx, const struct outbox_news *news);
    void *ctx;
};

struct simulation_setup {
    const struct org *org;   /* borrowed; a change is told by simulation_refresh */
    const struct pack *pack; /* of all units; borrowed */
    int64_t start_ms;
    struct simulation_calls calls;
};

/* NULL when memory is out. `setup` is copied. */
struct simulation *simulation_new(const struct simulation_setup *setup);
/* NULL is fine. */
void simulation_free(struct simulation *simulation);

/* Each input settles all that is due before `time_ms` first. Times never go back. ERR_MEMORY, or ERR_FULL: of no further use. */
SW_NODISCARD int simulation_event(struct simulation *simulation, const struct event *event,
                                  int64_t time_ms);
SW_NODISCARD int simulation_command(struct simulation *simulation,
                                    const struct case_command *command, int64_t time_ms);

/* ERR_NOT_FOUND: the provider has nothing of which this can be said. */
SW_NODISCARD int simulation_word(struct simulation *simulation, const struct outbox_word *word,
                                 int64_t time_ms);

/* Lets time pass until just before the instant. */
SW_NODISCARD int simulation_run_before(struct simulation *simulation, int64_t time_ms);

/* The same, and what is due at the instant. */
SW_NODISCARD int simulation_run_until(struct simulation *simulation, int64_t to_ms);

/* Nobody steps until the instant: what became due in between is judged then, as after an outage of the escalator. */
SW_NODISCARD int simulation_outage(struct simulation *simulation, int64_t from_ms, int64_t to_ms);

/* The organisation has changed. */
void simulation_refresh(struct simulation *simulation);

void simulation_set_provider(struct simulation *simulation, bool is_down);

/* The n-th case that was opened, from 1; 0: the last one. NULL: there is none. Valid until the next input. */
const struct casefile *simulation_case(const struct simulation *simulation, size_t number);

/* As outbox_role_of. */
struct str simulation_role_of(const struct simulation *simulation, struct ident case_id,
                              struct str person);

#endif
