#include "ctl/backtest_diff.h"

#include <stdlib.h>
#include <string.h>

const char *backtest_change_name(enum backtest_change change)
{
    static const char *const names[] = {"raised", "lowered", "changed"};
    return names[change];
}

/* ---- keeping */

/* The texts with blanks between them; at == NULL: memory is out. */
static struct str join(struct arena *arena, const struct str *items, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += items[i].len + 1;
    }
    char *text = arena_alloc(arena, len + 1);
    size_t used = 0;
    for (size_t i = 0; i < count && text != NULL; i++) {
        if (i > 0) {
            text[used++] = ' ';
        }
        memcpy(text + used, items[i].at, items[i].len);
        used += items[i].len;
    }
    return (struct str){text, used};
}

void backtest_keep_signal(struct backtest_signals *signals, const struct replay_signal *signal)
{
    struct arena *arena = signals->arena;
    struct backtest_signal *items =
        arena_grow_array(arena, signals->items, signals->count, &signals->capacity, sizeof(*items));
    if (items == NULL) {
        signals->is_full = true;
        return;
    }
    const struct backtest_signal kept = {
        .at_ms = signal->at_ms,
        .unit = arena_copy_str(arena, signal->unit),
        .event_source = arena_copy_str(arena, signal->event_source),
        .event_id = arena_copy_str(arena, signal->event_id),
        .subject = arena_copy_str(arena, signal->subject),
        .kind = arena_copy_str(arena, signal->kind),
        .level = signal->level,
        .rules = join(arena, signal->rules, signal->rule_count),
        .ask_interview = arena_copy_str(arena, signal->ask_interview),
        .tell = join(arena, signal->tell, signal->tell_count),
        .is_silent = signal->is_silent,
        .only_on_file = signal->only_on_file,
    };
    signals->items = items;
    items[signals->count++] = kept;
    /* The arena gives nothing more once it gave nothing: the last of them tells for all. */
    signals->is_full = signals->is_full || kept.unit.at == NULL || kept.event_source.at == NULL ||
                       kept.event_id.at == NULL || kept.subject.at == NULL ||
                       kept.kind.at == NULL || kept.rules.at == NULL ||
                       kept.ask_interview.at == NULL || kept.tell.at == NULL;
}

/* ---- comparing */

/* Of one event, one subject and one family of kinds, the casual and the one that is only for pupils on file apart. */
static int by_place(const struct backtest_signal *a, const struct backtest_signal *b)
{
    const struct str *const firsts[] = {&a->unit, &a->event_source, &a->event_id, &a->subject};
    const struct str *const seconds[] = {&b->unit, &b->event_source, &b->event_id, &b->subject};
    int order = 0;
    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]) && order == 0; i++) {
        order = str_compare(*firsts[i], *seconds[i]);
    }
    if (order == 0) {
        order = (int)case_family_of(a->kind) - (int)case_family_of(b->kind);
    }
    return order != 0 ? order : (int)a->only_on_file - (int)b->only_on_file;
}

static int by_place_and_time(const void *a, const void *b)
{
    const struct backtest_signal *first = a;
    const struct backtest_signal *second = b;
    int order = by_place(first, second);
    return order != 0 ? order : (first->at_ms > second->at_ms) - (first->at_ms < second->at_ms);
}

static int64_t time_of(const struct backtest_difference *difference)
{
    return difference->after != NULL ? difference->after->at_ms : difference->before->at_ms;
}

static int by_time(const void *a, const void *b)
{
    const struct backtest_difference *first = a;
    const struct backtest_difference *second = b;
    int64_t times[] = {time_of(first), time_of(second)};
    if (times[0] != times[1]) {
        return times[0] < times[1] ? -1 : 1;
    }
    return by_place(first->after != NULL ? first->after : first->before,
                    second->after != NULL ? second->after : second->before);
}

static bool says_the_same(const struct backtest_signal *a, const struct backtest_signal *b)
{
    return a->at_ms == b->at_ms && a->is_silent == b->is_silent && str_equal(a->kind, b->kind) &&
           str_equal(a->ask_interview, b->ask_interview) && str_equal(a->tell, b->tell);
}

/* False: no difference. */
static bool judge(const struct backtest_signal *before, const struct backtest_signal *after,
                  struct backtest_difference *ret_difference)
{
    enum case_level from = before == NULL ? CASE_LEVEL_NONE : before->level;
    enum case_level to = after == NULL ? CASE_LEVEL_NONE : after->level;
    if (from == to && says_the_same(before, after)) {
        return false;
    }
    *ret_difference = (struct backtest_difference){.change = to > from   ? BACKTEST_RAISED
                                                             : to < from ? BACKTEST_LOWERED
                                                                         : BACKTEST_CHANGED,
                                                   .before = before,
                                                   .after = after};
    return true;
}

static void sort(struct backtest_signals *signals)
{
    if (signals->count > 0) {
        qsort(signals->items, signals->count, sizeof(*signals->items), by_place_and_time);
    }
}

int backtest_compare(struct backtest_signals *before, struct backtest_signals *after,
                     struct arena *arena, struct backtest_difference **ret_differences,
                     size_t *ret_count)
{
    size_t most = before->count + after->count;
    struct backtest_difference *differences = arena_alloc_array(arena, most, sizeof(*differences));
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    if (differences == NULL || before->is_full || after->is_full) {
        return ERR_MEMORY;
    }
    sort(before);
    sort(after);
    while (i < before->count || j < after->count) {
        int order = i == before->count  ? 1
                    : j == after->count ? -1
                                        : by_place(&before->items[i], &after->items[j]);
        const struct backtest_signal *old = order <= 0 ? &before->items[i++] : NULL;
        const struct backtest_signal *new = order >= 0 ? &after->items[j++] : NULL;
        count += judge(old, new, &differences[count]) ? 1 : 0;
    }
    qsort(differences, count, sizeof(*differences), by_time);
    *ret_differences = differences;
    *ret_count = count;
    return 0;
}
