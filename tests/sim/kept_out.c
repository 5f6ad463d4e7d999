#include "sim/kept_out.h"

#include "sim/county.h"

static bool shares_number(struct str one, struct str other)
{
    const struct county_person *a = county_find(one);
    const struct county_person *b = county_find(other);
    return a != NULL && b != NULL && str_is(str_of(a->phone), b->phone);
}

static bool shares_household(struct str person, struct str household)
{
    const struct county_person *found = county_find(person);
    return found != NULL && household.len > 0 && str_is(household, found->household);
}

static bool is_excluded(const struct casefile *file, struct str person, bool by_number)
{
    for (size_t i = 0; i < file->conflict_count; i++) {
        const struct conflict *conflict = &file->conflicts[i];
        if (conflict->state != CONFLICT_CLEARED &&
            (str_equal(conflict->person, person) || shares_household(person, conflict->household) ||
             (by_number && shares_number(person, conflict->person)))) {
            return true;
        }
    }
    return false;
}

bool kept_out_by_conflict(const struct casefile *file, struct str person)
{
    return is_excluded(file, person, true);
}

bool kept_out_in_person(const struct casefile *file, struct str person)
{
    return is_excluded(file, person, false);
}

bool kept_out_by_hold(const struct casefile *file, struct str person)
{
    for (size_t i = 0; i < file->hold_count; i++) {
        if (file->holds[i].state == HOLD_HELD && str_equal(file->holds[i].what, person)) {
            return true;
        }
    }
    return false;
}
