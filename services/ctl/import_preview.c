#include "ctl/import_preview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules/triage.h"
#include "ctl/directory_open.h"
#include "io/loop.h"
#include "io/seal.h"
#include "wire/event.h"
#include "wire/json.h"
#include "wire/signal_write.h"

enum { LINES_MAX = 512, ROLES_MAX = 32, TEXT_BYTES = 64 };

struct role_list {
    struct str items[ROLES_MAX];
    size_t count;
};

/* One rule with what follows from it. */
struct line {
    struct str rule;
    enum case_level level;
    struct str interview; /* empty: none is asked for */
    bool is_queued;       /* waits in the psychology teacher's queue */
    struct role_list now;
    struct role_list later; /* unless somebody acknowledges */
    size_t count;
};

struct preview {
    struct preview_setup setup;
    struct directory directory;
    const struct pack *pack;
    struct ruleset rules; /* the pack's, but that nothing waits until it is plausible */
    struct triage *triage;
    struct import *import;
    struct arena arena; /* of one row */
    struct line lines[LINES_MAX];
    size_t line_count;
    size_t event_count;
    size_t silent_count;
};

static void digest(void *ctx, struct str bytes, uint8_t ret_digest[IDENT_BYTES])
{
    (void)ctx;
    seal_hash128(bytes.at, bytes.len, ret_digest); /* goes nowhere: it needs no key */
}

static const struct ruleset *rules_of(void *ctx, struct str unit)
{
    const struct preview *preview = ctx;
    (void)unit;
    return &preview->rules;
}

static enum ctl_exit open_pack(struct preview *preview)
{
    const struct org *org = preview->directory.org;
    const struct org_unit *unit = org_find_unit(org, str_of(preview->setup.unit));
    if (unit == NULL) {
        return ctl_fail(CTL_REFUSED, "the directory has no unit %s", preview->setup.unit);
    }
    preview->pack = pack_store_active(preview->directory.packs, unit->jurisdiction);
    if (preview->pack == NULL) {
        return ctl_fail(CTL_REFUSED, "no pack is active for %s (swctl pack activate)",
                        preview->setup.unit);
    }
    preview->rules = *preview->pack->rules;
    preview->rules.plausibility.is_set = false;
    const struct triage_setup setup = {.hash = seal_hash128,
                                       .rules_of = rules_of,
                                       .encode = signal_encode,
                                       .ctx = preview,
                                       .org = org,
                                       .seed = 1};
    preview->triage = triage_new(&setup);
    return preview->triage == NULL ? ctl_fail(CTL_UNAVAILABLE, "out of memory") : CTL_OK;
}

enum ctl_exit preview_new(struct ctl *ctl, const struct preview_setup *setup,
                          struct preview **ret_preview)
{
    struct preview *preview = calloc(1, sizeof(*preview));
    if (preview == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    preview->setup = *setup;
    arena_init(&preview->arena, 2 * TRIAGE_ARENA_BYTES);
    enum ctl_exit code = directory_open(ctl, DIRECTORY_PACKS, &preview->directory);
    code = code != CTL_OK ? code : open_pack(preview);
    if (code != CTL_OK) {
        preview_free(preview);
        return code;
    }
    *ret_preview = preview;
    return CTL_OK;
}

void preview_free(struct preview *preview)
{
    if (preview != NULL) {
        import_free(preview->import);
        triage_free(preview->triage);
        directory_close(&preview->directory);
        arena_fini(&preview->arena);
        free(preview);
    }
}

int preview_header(struct preview *preview, const struct csv_row *header,
                   struct import_fault *ret_fault)
{
    const struct import_setup setup = {
        .family = preview->setup.family,
        .unit = str_of(preview->setup.unit),
        .is_live = true,
        .is_made_up = preview->setup.is_made_up,
        .instruments = &preview->pack->instruments,
        .org = preview->directory.org,
        .digest = digest,
    };
    return import_begin(&setup, header, ret_fault, &preview->import);
}

/* --- Who ------------------------------------------------------------------------------------------------------------- */

static void add_role(struct role_list *roles, struct str role)
{
    for (size_t i = 0; i < roles->count; i++) {
        if (str_equal(roles->items[i], role)) {
            return;
        }
    }
    if (roles->count < ROLES_MAX) {
        roles->items[roles->count++] = role;
    }
}

/* The steps of the policy: those at once, and those that follow unless somebody acknowledges. */
static void add_steps(const struct preview *preview, const struct signal *signal, struct line *line)
{
    const struct policy_query query = {
        .level = signal->level, .kind = signal->kind, .subject = signal->subject.kind};
    const struct policy *policy = policy_find(&preview->pack->policies, &query);
    for (size_t i = 0; policy != NULL && i < policy->step_count; i++) {
        const struct policy_step *step = &policy->steps[i];
        for (size_t k = 0; k < step->roles.count; k++) {
            add_role(step->at_ms == 0 ? &line->now : &line->later, step->roles.items[k]);
        }
    }
}

static struct line *line_of(struct preview *preview, const struct signal *signal)
{
    for (size_t i = 0; i < preview->line_count; i++) {
        struct line *line = &preview->lines[i];
        if (str_equal(line->rule, signal->rule) && line->level == signal->level &&
            str_equal(line->interview, signal->ask_interview)) {
            return line;
        }
    }
    return preview->line_count == LINES_MAX ? NULL : &preview->lines[preview->line_count++];
}

/* Rules belong to the pack, so their texts stay; a fact of an event is a literal. */
static void count_signal(struct preview *preview, const struct signal *signal)
{
    struct line *line = line_of(preview, signal);
    if (line == NULL) {
        return;
    }
    if (line->count++ > 0) {
        return;
    }
    line->rule = signal->rule;
    line->level = signal->level;
    line->interview = signal->ask_interview;
    line->is_queued = case_interview_waits(signal->ask_interview) && !signal->starts_plan;
    for (size_t i = 0; i < signal->tell_count; i++) {
        add_role(&line->now, signal->tell[i]);
    }
    if (signal->ask_interview.len > 0) {
        add_role(&line->now, STR_LITERAL("psych_teacher"));
    }
    if (!line->is_queued) {
        add_steps(preview, signal, line);
    }
}

/* --- Rows ------------------------------------------------------------------------------------------------------------ */

/* A person who is not looked up: each row's own, so that no two are taken for one. */
static int name_parties(const struct event_draft *draft, size_t row, struct arena *arena)
{
    char *ref = arena_alloc(arena, TEXT_BYTES);
    if (ref == NULL) {
        return ERR_MEMORY;
    }
    (void)snprintf(ref, TEXT_BYTES, "row-%zu", row);
    for (size_t i = 0; i < draft->event->n_parties; i++) {
        draft->event->parties[i]->ref = ref;
        draft->event->parties[i]->unresolved = true;
    }
    return 0;
}

static int judge(struct preview *preview, const struct event_draft *draft)
{
    int64_t now_ms = loop_utc_ms();
    struct event event;
    struct triage_result result;
    const struct triage_input input = {.event = &event, .time_ms = now_ms};
    int error = event_to_core(draft->event, draft->family, now_ms, &preview->arena, &event);
    if (error == 0 && draft->clear_count > 0 && draft->family == EVENT_FAMILY_SCREENING) {
        error = event_open_answers(draft->clear[0].clear, &preview->arena, &event.screening);
    }
    error = error != 0 ? error : triage_step(preview->triage, &input, &preview->arena, &result);
    if (error != 0) {
        return error;
    }
    preview->event_count++;
    for (size_t i = 0; i < result.signal_count; i++) {
        preview->silent_count += result.signals[i].is_silent ? 1 : 0;
        if (!result.signals[i].is_silent && !result.signals[i].only_on_file) {
            count_signal(preview, &result.signals[i]);
        }
    }
    return 0;
}

int preview_row(struct preview *preview, const struct csv_row *row)
{
    struct import_item items[IMPORT_ITEMS_MAX];
    size_t count = 0;
    arena_reset(&preview->arena);
    int error = import_row(preview->import, row, &preview->arena, items, &count);
    for (size_t i = 0; error == 0 && i < count; i++) {
        struct event_draft draft;
        struct fault fault;
        int refused = items[i].json == NULL ? ERR_INVALID
                                            : event_read(&items[i].event, loop_utc_ms(),
                                                         &preview->arena, &fault, &draft);
        if (refused == 0) {
            error = name_parties(&draft, row->number, &preview->arena);
            error = error != 0 ? error : judge(preview, &draft);
        } else if (refused != ERR_INVALID) {
            error = refused;
        }
    }
    for (size_t i = 0; i < count; i++) {
        json_drop(items[i].json);
    }
    return error;
}

/* --- What is said ---------------------------------------------------------------------------------------------------- */

static void add_roles(const struct role_list *roles, bool as_json, struct buffer *text)
{
    buffer_add_text(text, as_json ? "[" : "");
    for (size_t i = 0; i < roles->count; i++) {
        buffer_add_text(text, i == 0 ? "" : ", ");
        if (as_json) {
            buffer_add_json(text, roles->items[i]);
        } else {
            buffer_add(text, roles->items[i]);
        }
    }
    buffer_add_text(text, as_json ? "]" : "");
}

static void write_json(const struct line *line, struct buffer *text)
{
    buffer_format(text, "{\"count\": %zu, \"rule\": ", line->count);
    buffer_add_json(text, line->rule);
    buffer_format(text, ", \"level\": \"%s\", \"interview\": ", case_level_name(line->level));
    buffer_add_json(text, line->interview);
    buffer_format(text, ", \"queued\": %s, \"roles\": ", line->is_queued ? "true" : "false");
    add_roles(&line->now, true, text);
    buffer_add_text(text, ", \"later\": ");
    add_roles(&line->later, true, text);
    buffer_add_text(text, "}");
}

static void write_line(const struct line *line, struct buffer *text)
{
    buffer_format(text, "%6zu  %-9s  %-24.*s  ", line->count, case_level_name(line->level),
                  (int)line->rule.len, line->rule.at);
    add_roles(&line->now, false, text);
    if (line->interview.len > 0) {
        buffer_format(text, " (interview %.*s%s)", (int)line->interview.len, line->interview.at,
                      line->is_queued ? ", in the queue" : "");
    }
    if (line->later.count > 0) {
        buffer_add_text(text, "; unless acknowledged: ");
        add_roles(&line->later, false, text);
    }
    buffer_add_text(text, "\n");
}

static int by_level(const void *a, const void *b)
{
    const struct line *one = a;
    const struct line *other = b;
    return one->level != other->level ? (one->level < other->level ? 1 : -1)
                                      : str_compare(one->rule, other->rule);
}

void preview_write(const struct preview *preview, bool as_json, struct buffer *text)
{
    struct line *sorted = calloc(preview->line_count + 1, sizeof(*sorted));
    if (sorted == NULL) {
        text->overflowed = true;
        return;
    }
    memcpy(sorted, preview->lines, preview->line_count * sizeof(*sorted));
    qsort(sorted, preview->line_count, sizeof(*sorted), by_level);
    buffer_add_text(text, as_json ? "[" : "");
    for (size_t i = 0; i < preview->line_count; i++) {
        buffer_add_text(text, as_json && i > 0 ? ", " : "");
        if (as_json) {
            write_json(&sorted[i], text);
        } else {
            write_line(&sorted[i], text);
        }
    }
    if (as_json) {
        buffer_add_text(text, "]");
    } else {
        buffer_format(text, "%6zu  events in all, %zu signals too old to contact anybody\n",
                      preview->event_count, preview->silent_count);
    }
    free(sorted);
}
