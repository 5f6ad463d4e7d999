/* A binary heap by time, then by the order of making. */
#include "sim/agenda.h"

#include <stdlib.h>

#include "base/assert.h"

struct entry {
    int64_t at_ms;
    uint64_t number;
    agenda_fn run;
    void *ctx;
    uint64_t mark;
};

struct agenda {
    int64_t now_ms;
    uint64_t made;
    uint64_t run;
    struct entry *entries;
    size_t count;
    size_t capacity;
};

struct agenda *agenda_new(int64_t start_ms)
{
    struct agenda *agenda = calloc(1, sizeof(*agenda));
    sw_assert(agenda != NULL);
    agenda->now_ms = start_ms;
    return agenda;
}

void agenda_free(struct agenda *agenda)
{
    if (agenda != NULL) {
        free(agenda->entries);
        free(agenda);
    }
}

int64_t agenda_now(const struct agenda *agenda)
{
    return agenda->now_ms;
}

uint64_t agenda_count(const struct agenda *agenda)
{
    return agenda->run;
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->number < b->number;
}

static void swap(struct agenda *agenda, size_t a, size_t b)
{
    struct entry kept = agenda->entries[a];
    agenda->entries[a] = agenda->entries[b];
    agenda->entries[b] = kept;
}

void agenda_add(struct agenda *agenda, int64_t at_ms, agenda_fn run, void *ctx, uint64_t mark)
{
    if (agenda->count == agenda->capacity) {
        agenda->capacity = agenda->capacity == 0 ? 256 : 2 * agenda->capacity;
        agenda->entries = realloc(agenda->entries, agenda->capacity * sizeof(*agenda->entries));
        sw_assert(agenda->entries != NULL);
    }
    size_t at = agenda->count++;
    agenda->entries[at] = (struct entry){.at_ms = at_ms > agenda->now_ms ? at_ms : agenda->now_ms,
                                         .number = agenda->made++,
                                         .run = run,
                                         .ctx = ctx,
                                         .mark = mark};
    while (at > 0 && is_before(&agenda->entries[at], &agenda->entries[(at - 1) / 2])) {
        swap(agenda, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct entry take_first(struct agenda *agenda)
{
    struct entry first = agenda->entries[0];
    agenda->entries[0] = agenda->entries[--agenda->count];
    for (size_t at = 0;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < agenda->count; child++) {
            least = is_before(&agenda->entries[child], &agenda->entries[least]) ? child : least;
        }
        if (least == at) {
            return first;
        }
        swap(agenda, at, least);
        at = least;
    }
}

bool agenda_step(struct agenda *agenda, int64_t until_ms)
{
    if (agenda->count == 0 || agenda->entries[0].at_ms > until_ms) {
        agenda->now_ms = until_ms > agenda->now_ms ? until_ms : agenda->now_ms;
        return false;
    }
    struct entry entry = take_first(agenda);
    sw_assert(entry.at_ms >= agenda->now_ms);
    agenda->now_ms = entry.at_ms;
    agenda->run++;
    entry.run(entry.ctx, entry.mark);
    return true;
}
