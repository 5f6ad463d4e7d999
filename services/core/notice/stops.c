#include "core/notice/stops.h"

#include <string.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"

/* A long case has hundreds of cancels, of which nearly all name their notices: these are found by the notice, so that a question
 * does not cost more with each cancel. */
struct stops {
    struct map by_id;     /* stop id -> struct entry */
    struct map by_case;   /* case id -> struct stop_case */
    struct map by_notice; /* notice id -> the first struct named of it */
    uint64_t number;      /* of the last one put */
};

/* The stops of one case that name no notices; goes with its last one. */
struct stop_case {
    struct ident id;
    struct list entries;
};

/* A cancel names a notice. */
struct named {
    struct ident notice;
    struct entry *entry;
    struct named *next; /* another cancel names it too; in the order in which they were put */
};

struct entry {
    struct stop stop; /* borrows from what follows: names, ids, then texts */
    uint64_t number;
    struct list node;     /* of the case, when it names no notices */
    struct named names[]; /* one for each notice */
};

enum { NAMES_MAX = 16 * STOPS_MAX };

struct stops *stops_new(uint64_t seed)
{
    struct stops *stops = heap_alloc(sizeof(*stops));
    if (stops != NULL) {
        map_init(&stops->by_id, STOPS_MAX, seed);
        map_init(&stops->by_case, STOPS_MAX, seed);
        map_init(&stops->by_notice, NAMES_MAX, seed);
    }
    return stops;
}

void stops_free(struct stops *stops)
{
    if (stops == NULL) {
        return;
    }
    for (size_t i = 0; i < stops->by_id.count; i++) {
        heap_free(stops->by_id.entries[i].value);
    }
    for (size_t i = 0; i < stops->by_case.count; i++) {
        heap_free(stops->by_case.entries[i].value);
    }
    map_fini(&stops->by_id);
    map_fini(&stops->by_case);
    map_fini(&stops->by_notice);
    heap_free(stops);
}

static struct stop_case *find_case(const struct stops *stops, struct ident case_id)
{
    return map_get(&stops->by_case, ident_part(&case_id));
}

static int ensure_case(struct stops *stops, struct ident case_id, struct stop_case **ret_case)
{
    struct stop_case *found = find_case(stops, case_id);
    if (found == NULL) {
        found = heap_alloc(sizeof(*found));
        if (found == NULL) {
            return ERR_MEMORY;
        }
        found->id = case_id;
        list_init(&found->entries);
        int error = map_add(&stops->by_case, ident_part(&found->id), found);
        if (error != 0) {
            heap_free(found);
            return error;
        }
    }
    *ret_case = found;
    return 0;
}

static void drop_case_if_empty(struct stops *stops, struct ident case_id)
{
    struct stop_case *found = find_case(stops, case_id);
    if (found != NULL && list_is_empty(&found->entries)) {
        (void)map_remove(&stops->by_case, ident_part(&case_id));
        heap_free(found);
    }
}

static struct str keep_text(char **at, struct str text)
{
    char *begin = *at;
    if (text.len > 0) {
        memcpy(begin, text.at, text.len);
    }
    *at += text.len;
    return (struct str){begin, text.len};
}

/* --- Names ------------------------------------------------------------------------------------- */

/* How many notices the stop names; none: it is one of its case. */
static size_t names_of(const struct entry *entry)
{
    return entry->stop.kind == STOP_CANCEL ? entry->stop.notice_count : 0;
}

static void remove_names(struct stops *stops, struct entry *entry, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct named *name = &entry->names[i];
        struct named *first = map_remove(&stops->by_notice, ident_part(&name->notice));
        struct named **at = &first;
        while (*at != name) {
            at = &(*at)->next;
        }
        *at = name->next;
        if (first != NULL) {
            sw_assert(map_add(&stops->by_notice, ident_part(&first->notice), first) == 0);
        }
    }
}

static int add_names(struct stops *stops, struct entry *entry)
{
    for (size_t i = 0; i < names_of(entry); i++) {
        struct named *name = &entry->names[i];
        struct named *last = map_get(&stops->by_notice, ident_part(&name->notice));
        int error = 0;
        if (last == NULL) {
            error = map_add(&stops->by_notice, ident_part(&name->notice), name);
        } else {
            while (last->next != NULL) {
                last = last->next;
            }
            last->next = name;
        }
        if (error != 0) {
            remove_names(stops, entry, i);
            return error;
        }
    }
    return 0;
}

/* --- Stops ------------------------------------------------------------------------------------- */

static struct entry *make_entry(const struct stop *stop)
{
    size_t names_bytes = stop->notice_count * sizeof(struct named);
    size_t ids_bytes = stop->notice_count * sizeof(struct ident);
    struct entry *entry = heap_alloc(sizeof(*entry) + names_bytes + ids_bytes + stop->person.len +
                                     stop->role.len + stop->reason.len);
    if (entry == NULL) {
        return NULL;
    }
    struct ident *ids = (struct ident *)&entry->names[stop->notice_count];
    char *at = (char *)ids + ids_bytes;
    entry->stop = *stop;
    for (size_t i = 0; i < stop->notice_count; i++) {
        ids[i] = stop->notices[i];
        entry->names[i] = (struct named){.notice = ids[i], .entry = entry};
    }
    entry->stop.notices = ids;
    entry->stop.person = keep_text(&at, stop->person);
    entry->stop.role = keep_text(&at, stop->role);
    entry->stop.reason = keep_text(&at, stop->reason);
    list_init(&entry->node);
    return entry;
}

/* Where questions find it. */
static int file_entry(struct stops *stops, struct entry *entry)
{
    struct stop_case *of_case = NULL;
    if (names_of(entry) > 0) {
        return add_names(stops, entry);
    }
    int error = ensure_case(stops, entry->stop.case_id, &of_case);
    if (error == 0) {
        list_push_back(&of_case->entries, &entry->node);
    }
    return error;
}

int stops_put(struct stops *stops, const struct stop *stop)
{
    if (stop->notice_count > STOP_IDS_MAX || stop->person.len > STOP_TEXT_MAX_BYTES ||
        stop->role.len > STOP_TEXT_MAX_BYTES || stop->reason.len > STOP_TEXT_MAX_BYTES) {
        return ERR_TOO_LARGE;
    }
    (void)stops_remove(stops, stop->id); /* it may be new */
    struct entry *entry = make_entry(stop);
    int error =
        entry == NULL ? ERR_MEMORY : map_add(&stops->by_id, ident_part(&entry->stop.id), entry);
    if (error == 0) {
        entry->number = ++stops->number;
        error = file_entry(stops, entry);
        if (error != 0) {
            (void)map_remove(&stops->by_id, ident_part(&entry->stop.id));
        }
    }
    if (error != 0) {
        heap_free(entry);
    }
    return error;
}

bool stops_remove(struct stops *stops, struct ident id)
{
    struct entry *entry = map_remove(&stops->by_id, ident_part(&id));
    if (entry == NULL) {
        return false;
    }
    remove_names(stops, entry, names_of(entry));
    list_remove(&entry->node);
    drop_case_if_empty(stops, entry->stop.case_id);
    heap_free(entry);
    return true;
}

const struct stop *stops_find(const struct stops *stops, struct ident id)
{
    const struct entry *entry = map_get(&stops->by_id, ident_part(&id));
    return entry != NULL ? &entry->stop : NULL;
}

const struct stop *stops_find_conflict(const struct stops *stops, struct ident case_id,
                                       struct str person)
{
    const struct stop_case *of_case = find_case(stops, case_id);
    if (of_case == NULL) {
        return NULL;
    }
    for (struct list *at = of_case->entries.next; at != &of_case->entries; at = at->next) {
        const struct entry *entry = LIST_ENTRY(at, struct entry, node);
        if (entry->stop.kind == STOP_CONFLICT && str_equal(entry->stop.person, person)) {
            return &entry->stop;
        }
    }
    return NULL;
}

size_t stops_count(const struct stops *stops)
{
    return stops->by_id.count;
}

/* --- Questions --------------------------------------------------------------------------------- */

/* Of those that name no notices. */
static bool cancels(const struct stop *stop, const struct stop_question *question)
{
    return stop->kind == STOP_CANCEL &&
           (stop->person.len == 0 || str_equal(stop->person, question->person)) &&
           (stop->role.len == 0 || str_equal(stop->role, question->role)) &&
           (stop->generation_at_most == 0 || question->generation <= stop->generation_at_most);
}

/* The first cancel that was put of those that hold for the notice, or NULL. */
static const struct entry *find_cancel(const struct stops *stops, const struct stop_case *of_case,
                                       const struct stop_question *question)
{
    const struct named *name = map_get(&stops->by_notice, ident_part(&question->id));
    while (name != NULL && !ident_equal(name->entry->stop.case_id, question->case_id)) {
        name = name->next;
    }
    const struct entry *named = name != NULL ? name->entry : NULL;
    for (struct list *at = of_case == NULL ? NULL : of_case->entries.next;
         at != NULL && at != &of_case->entries; at = at->next) {
        const struct entry *entry = LIST_ENTRY(at, struct entry, node);
        if (cancels(&entry->stop, question)) {
            return named != NULL && named->number < entry->number ? named : entry;
        }
    }
    return named;
}

/* Whether the person is this one, lives with them, or would be told over a number of theirs. */
static bool is_kept_out(const struct org *org, const struct stop_question *question,
                        struct str suspect)
{
    const struct org_excluded excluded = {.person = suspect};
    if (str_equal(suspect, question->person)) {
        return true;
    }
    if (org == NULL) {
        return false;
    }
    const struct org_person *person = org_find_person(org, question->unit, question->person);
    return (person != NULL && org_is_excluded(org, person, &excluded, 1)) ||
           (question->address_digest.len > 0 &&
            org_is_shared_digest(org, question->address_digest, &excluded, 1));
}

bool stops_is_conflicted(const struct stops *stops, const struct org *org,
                         const struct stop_question *question)
{
    const struct stop_case *of_case = find_case(stops, question->case_id);
    if (of_case == NULL) {
        return false;
    }
    for (struct list *at = of_case->entries.next; at != &of_case->entries; at = at->next) {
        const struct stop *stop = &LIST_ENTRY(at, struct entry, node)->stop;
        if (stop->kind == STOP_CONFLICT && is_kept_out(org, question, stop->person)) {
            return true;
        }
    }
    return false;
}

struct str stops_check(const struct stops *stops, const struct org *org,
                       const struct stop_question *question)
{
    const struct entry *cancel = find_cancel(stops, find_case(stops, question->case_id), question);
    if (cancel != NULL) {
        return cancel->stop.reason.len > 0 ? cancel->stop.reason : STR_LITERAL("cancelled");
    }
    return stops_is_conflicted(stops, org, question) ? STR_LITERAL("conflict") : STR_LITERAL("");
}
