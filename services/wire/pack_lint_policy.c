/* Looks at policies that were built: is there a case for each, can each step tell somebody, can each obligation come and be
 * met, and is there somebody to turn to when the last step is over.
 *
 * The tree gives the places, the built policies (core/casework/policy) their sense. */
#include "wire/pack_lint_parts.h"

enum { HOLDERS_MAX = 2000, UNITS_MAX = 4096 };

/* The lists of a directory that are looked through. */
struct room {
    const struct org_unit *units[UNITS_MAX];
    size_t unit_count;
    const struct org_person *holders[HOLDERS_MAX];
};

/* One policy and its lists as they are written. */
struct view {
    const struct lint_run *run;
    const struct policy *policy;
    const struct policy *taker; /* of a case that the policy matches: another one; NULL: none yet */
    const struct yaml_node *file; /* the list of all policies of its file */
    const struct yaml_node *node;
    const struct yaml_node *steps;
    const struct yaml_node *obligations; /* NULL: there are none */
    uint32_t meetable; /* obligations by index: begins at some time, and can be met */
    struct room *room; /* NULL: no directory is known */
};

static const struct str nothing = {NULL, 0};

/* ---- the policy's cases */

static bool allows(uint32_t bits, int value)
{
    return bits == 0 || (bits >> value & 1) != 0;
}

/* Whether some case of that level, kind and subject comes to the policy, wherever and however. */
static bool is_found_for(struct view *view, struct policy_query query)
{
    const struct policy_match *match = &view->policy->match;
    const struct policy *found = NULL;
    for (int place = CASE_PLACE_ON_CAMPUS; place <= CASE_PLACE_UNKNOWN; place++) {
        for (int danger = CASE_DANGER_HAPPENING; danger <= CASE_DANGER_UNKNOWN; danger++) {
            for (int injury = CASE_INJURY_NO; injury <= CASE_INJURY_UNKNOWN; injury++) {
                query.place = (enum case_place)place;
                query.danger = (enum case_danger)danger;
                query.injury = (enum case_injury)injury;
                if (!allows(match->places, place) || !allows(match->dangers, danger) ||
                    !allows(match->injuries, injury)) {
                    continue;
                }
                found = policy_find(&view->run->pack->policies, &query);
                if (found == view->policy) {
                    return true;
                }
                view->taker = found;
            }
        }
    }
    return false;
}

static bool is_found_for_kind(struct view *view, struct str kind)
{
    const struct policy_match *match = &view->policy->match;
    for (int level = CASE_LEVEL_ATTENTION; level <= CASE_LEVEL_CRISIS; level++) {
        for (int subject = CASE_SUBJECT_STUDENT; subject <= CASE_SUBJECT_UNIT; subject++) {
            struct policy_query query = {.level = (enum case_level)level,
                                         .kind = kind,
                                         .subject = (enum case_subject)subject};
            if ((match->level == CASE_LEVEL_NONE || match->level == query.level) &&
                (match->subject == CASE_SUBJECT_NONE || match->subject == query.subject) &&
                is_found_for(view, query)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_found_for_one_of(struct view *view, const struct policy_texts *kinds)
{
    for (size_t i = 0; i < kinds->count; i++) {
        if (is_found_for_kind(view, kinds->items[i])) {
            return true;
        }
    }
    return false;
}

/* A kind that no policy names stands for all others. */
static bool is_reachable(struct view *view)
{
    const struct policy_set *set = &view->run->pack->policies;
    const struct policy_texts *kinds = &view->policy->match.kinds;
    bool is_found =
        kinds->count > 0 ? is_found_for_one_of(view, kinds) : is_found_for_kind(view, str_of("?"));
    for (size_t i = 0; i < set->count && kinds->count == 0 && !is_found; i++) {
        is_found = is_found_for_one_of(view, &set->policies[i].match.kinds);
    }
    return is_found;
}

/* Another file laid over this one, as that of a place is, replaces it: that is told, and no fault. */
static void check_reachable(struct view *view)
{
    if (is_reachable(view)) {
        return;
    }
    bool is_same_file = view->taker == NULL; /* it matches no case at all */
    for (size_t i = 0; view->taker != NULL && i < view->file->count; i++) {
        struct str id = lint_text(lint_member(&view->file->items[i], "id"));
        is_same_file = is_same_file || str_equal(id, view->taker->id);
    }
    lint_tell(view->run,
              is_same_file ? PACK_FINDING_UNREACHABLE_POLICY : PACK_FINDING_REPLACED_POLICY,
              view->node, view->policy->id, view->taker == NULL ? nothing : view->taker->id);
}

/* ---- its obligations */

static bool can_be_met(const struct view *view, struct str id)
{
    int index = policy_obligation_index(view->policy, id);
    return index >= 0 && (view->meetable >> index & 1) != 0;
}

/* Whether everything that it waits for can be met, and it does not begin with what ends it. */
static bool may_come(const struct view *view, const struct policy_obligation *obligation)
{
    if (obligation->until_settled && obligation->anchor == POLICY_ANCHOR_SETTLED) {
        return false;
    }
    if (obligation->anchor == POLICY_ANCHOR_AFTER && !can_be_met(view, obligation->after)) {
        return false;
    }
    for (size_t i = 0; i < obligation->needs.count; i++) {
        if (!can_be_met(view, obligation->needs.items[i])) {
            return false;
        }
    }
    return true;
}

/* From nothing up, until nothing is added: what waits for itself is never added. */
static void mark_meetable(struct view *view)
{
    _Static_assert(POLICY_OBLIGATIONS_MAX <= 32, "one bit each");
    uint32_t before = 0;
    view->meetable = 0;
    do {
        before = view->meetable;
        for (size_t i = 0; i < view->policy->obligation_count; i++) {
            view->meetable |= may_come(view, &view->policy->obligations[i]) ? 1u << i : 0;
        }
    } while (view->meetable != before);
}

static void check_obligations(const struct view *view)
{
    for (size_t i = 0; i < view->policy->obligation_count; i++) {
        if ((view->meetable >> i & 1) == 0) {
            lint_tell(view->run, PACK_FINDING_UNREACHABLE_OBLIGATION, &view->obligations->items[i],
                      view->policy->id, view->policy->obligations[i].id);
        }
    }
}

/* ---- its steps */

/* Guardians are a pupil's: nobody else has any. */
static bool has_only_guardians_of_none(const struct view *view, const struct policy_step *step)
{
    enum case_subject subject = view->policy->match.subject;
    return subject != CASE_SUBJECT_NONE && subject != CASE_SUBJECT_STUDENT &&
           !policy_step_wants_ack(step);
}

static bool is_vain(const struct view *view, size_t index)
{
    const struct policy_step *step = &view->policy->steps[index];
    bool is_asked = false;
    switch (step->unless) {
    case POLICY_UNLESS_NEVER:
        return false;
    case POLICY_UNLESS_MET:
        return !can_be_met(view, step->unless_obligation);
    case POLICY_UNLESS_ACKED:
        break;
    }
    for (size_t i = 0; i < index; i++) {
        is_asked = is_asked || policy_step_wants_ack(&view->policy->steps[i]);
    }
    return !is_asked;
}

static bool has_channel(const struct org_person *person, struct policy_channels via)
{
    for (size_t i = 0; i < person->address_count; i++) {
        for (size_t k = 0; k < via.count; k++) {
            if (person->addresses[i].channel == via.items[k]) {
                return true;
            }
        }
    }
    return false;
}

/* Whether some holder of the role, in any unit, has one of the channels. `is_held` is set when there is a holder at all. */
static bool is_served(const struct view *view, enum org_role role, struct policy_channels via,
                      bool *is_held)
{
    struct room *room = view->room;
    for (size_t i = 0; i < room->unit_count; i++) {
        size_t count =
            org_list_holders(view->run->org, room->units[i]->id, role, room->holders, HOLDERS_MAX);
        *is_held = *is_held || count > 0;
        for (size_t k = 0; k < count && k < HOLDERS_MAX; k++) {
            if (has_channel(room->holders[k], via)) {
                return true;
            }
        }
    }
    return false;
}

/* Guardians are everybody's: their channels are not looked at. That a role has nobody is another finding. */
static bool lacks_channel(const struct view *view, const struct policy_step *step)
{
    bool is_held = false;
    for (size_t i = 0; i < step->roles.count; i++) {
        enum org_role role;
        if (!org_role_parse(step->roles.items[i], &role) || role == ORG_ROLE_GUARDIANS ||
            is_served(view, role, step->via, &is_held)) {
            return false;
        }
    }
    return is_held;
}

static void check_steps(const struct view *view)
{
    for (size_t i = 0; i < view->policy->step_count; i++) {
        const struct policy_step *step = &view->policy->steps[i];
        const struct yaml_node *at = &view->steps->items[i];
        if (has_only_guardians_of_none(view, step)) {
            lint_tell(view->run, PACK_FINDING_UNREACHABLE_STEP, at, view->policy->id, nothing);
        }
        if (is_vain(view, i)) {
            lint_tell(view->run, PACK_FINDING_VAIN_CONDITION, at, view->policy->id,
                      step->unless_obligation);
        }
        if (view->room != NULL && lacks_channel(view, step)) {
            lint_tell(view->run, PACK_FINDING_NO_SUCH_CHANNEL, at, view->policy->id, nothing);
        }
    }
}

/* ---- its end */

/* Somebody is asked again and again; of a crisis the last step repeats by itself (core/casework/step). */
static bool goes_on_asking(const struct policy *policy)
{
    for (size_t i = 0; i < policy->step_count; i++) {
        if (policy_step_wants_ack(&policy->steps[i]) &&
            (policy->steps[i].repeat_until_acked || policy->match.level == CASE_LEVEL_CRISIS)) {
            return true;
        }
    }
    return false;
}

/* Comes whatever people do, and again, or goes to somebody besides its owner. */
static bool holds_on(const struct policy_obligation *obligation)
{
    bool goes_up = false;
    switch (obligation->anchor) {
    case POLICY_ANCHOR_OPENED:
    case POLICY_ANCHOR_OCCURRED:
    case POLICY_ANCHOR_DISCOVERED:
    case POLICY_ANCHOR_LEVEL_REACHED:
        break;
    case POLICY_ANCHOR_CONFIRMED:
    case POLICY_ANCHOR_SETTLED:
    case POLICY_ANCHOR_AFTER:
        return false;
    }
    for (size_t i = 0; i < obligation->breach_roles.count; i++) {
        goes_up = goes_up || !str_equal(obligation->breach_roles.items[i], obligation->owner);
    }
    return goes_up || obligation->every_ms > 0;
}

/* What is at attention may rest: it is told in the course of the day, and nobody need do anything. */
static bool has_owner(const struct policy *policy)
{
    bool has = policy->match.level == CASE_LEVEL_ATTENTION || goes_on_asking(policy);
    for (size_t i = 0; i < policy->obligation_count && !has; i++) {
        has = holds_on(&policy->obligations[i]);
    }
    return has;
}

/* ---- the whole */

static void check_policy(struct view *view)
{
    mark_meetable(view);
    check_reachable(view);
    check_steps(view);
    check_obligations(view);
    if (!has_owner(view->policy)) {
        lint_tell(view->run, PACK_FINDING_NO_OWNER, view->node, view->policy->id, nothing);
    }
}

static struct room *list_units(const struct lint_run *run)
{
    struct room *room = arena_alloc(run->arena, sizeof(*room));
    if (room != NULL) {
        size_t count = org_list_units(run->org, room->units, UNITS_MAX);
        room->unit_count = count < UNITS_MAX ? count : UNITS_MAX;
    }
    return room;
}

int lint_policies(const struct lint_run *run, const struct yaml_node *root)
{
    const struct yaml_node *list = lint_member(root, "policies");
    struct room *room = run->org == NULL ? NULL : list_units(run);
    if (run->org != NULL && room == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct yaml_node *node = &list->items[i];
        struct view view = {
            .run = run,
            .policy = policy_by_id(&run->pack->policies, lint_text(lint_member(node, "id"))),
            .file = list,
            .node = node,
            .steps = lint_member(node, "steps"),
            .obligations = lint_member(node, "obligations"),
            .room = room,
        };
        if (view.policy != NULL) {
            check_policy(&view);
        }
    }
    return 0;
}
