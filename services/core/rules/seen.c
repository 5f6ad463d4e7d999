#include "core/rules/seen.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"

/* Undoing a batch brings back what it had evicted before it takes out what it had made. */
enum { UNDO_ROOM = 64 * 1024 };

struct seen_event {
    struct list order;
    struct seen_state state;
    struct str key;
    char text[];
};

void seen_init(struct seen *seen, size_t max, uint64_t seed)
{
    seen->max = max == 0 ? SEEN_MAX : max;
    map_init(&seen->events, seen->max + UNDO_ROOM, seed);
    list_init(&seen->order);
}

void seen_fini(struct seen *seen)
{
    for (size_t i = 0; i < seen->events.count; i++) {
        heap_free(seen->events.entries[i].value);
    }
    map_fini(&seen->events);
    list_init(&seen->order);
}

struct str seen_key(struct str unit, struct ident id, char ret_text[SEEN_KEY_MAX_BYTES])
{
    char hex[IDENT_TEXT_BYTES];
    ident_format(id, hex);
    const struct str parts[] = {unit, STR_LITERAL("/seen/"), {hex, IDENT_TEXT_BYTES - 1}};
    return (struct str){ret_text, str_join(parts, 3, SEEN_KEY_MAX_BYTES, ret_text)};
}

bool seen_is_key(struct str text)
{
    static const struct str middle = {"/seen/", 6};
    struct ident id;
    const char *slash = text.len == 0 ? NULL : memchr(text.at, '/', text.len);
    if (slash == NULL || slash == text.at || text.len >= SEEN_KEY_MAX_BYTES) {
        return false;
    }
    struct str rest = {slash, text.len - (size_t)(slash - text.at)};
    return str_starts(rest, middle) &&
           ident_parse((struct str){rest.at + middle.len, rest.len - middle.len}, &id);
}

const struct seen_state *seen_get(const struct seen *seen, struct str key)
{
    const struct seen_event *event = map_get(&seen->events, key);
    return event == NULL ? NULL : &event->state;
}

static void take_out(struct seen *seen, struct seen_event *event)
{
    (void)map_remove(&seen->events, event->key);
    list_remove(&event->order);
    heap_free(event);
}

int seen_put(struct seen *seen, struct str key, const struct seen_state *state)
{
    struct seen_event *event = map_get(&seen->events, key);
    if (state == NULL) {
        if (event != NULL) {
            take_out(seen, event);
        }
        return 0;
    }
    if (event != NULL) {
        event->state = *state;
        return 0;
    }
    event = heap_alloc(sizeof(*event) + key.len);
    if (event == NULL) {
        return ERR_MEMORY;
    }
    memcpy(event->text, key.at, key.len);
    event->key = (struct str){event->text, key.len};
    event->state = *state;
    int error = map_add(&seen->events, event->key, event);
    if (error != 0) {
        heap_free(event);
        return error;
    }
    list_push_back(&seen->order, &event->order);
    return 0;
}

struct str seen_oldest(const struct seen *seen, const struct seen_state **ret_state,
                       bool *ret_is_full)
{
    *ret_is_full = seen->events.count >= seen->max;
    if (list_is_empty(&seen->order)) {
        return (struct str){NULL, 0};
    }
    const struct seen_event *event = LIST_ENTRY(seen->order.next, struct seen_event, order);
    *ret_state = &event->state;
    return event->key;
}
