/* The sealed answers of a screening, opened to be judged; they leave this process nowhere. */
#include "io/seal_record.h"
#include "triage/part_inside.h"
#include "wire/event.h"

int part_open_answers(struct part *part, struct event *event)
{
    struct sealed sealed;
    struct str plain;
    if (event->family != EVENT_FAMILY_SCREENING || event->screening.answers.len == 0) {
        return 0;
    }
    const struct vault vault = {part->shared->keyring, part->keys};
    int error = sealed_decode(event->screening.answers, &part->arena, &sealed);
    error = error != 0 ? error : vault_open(&vault, event->unit, &sealed, &part->arena, &plain);
    error = error != 0 ? error : event_open_answers(plain, &part->arena, &event->screening);
    const struct pack *pack = error != 0 ? NULL : part_pack(part, event->unit);
    if (pack != NULL) {
        instrument_complete(&pack->instruments, &event->screening);
    }
    if (error != 0 && error != ERR_MEMORY) {
        part_count(part, PART_ANSWERS_CLOSED, error_name(error), NULL);
        return 0;
    }
    return error;
}
