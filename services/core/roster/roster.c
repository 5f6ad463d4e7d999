/* The index is one array of intervals: those of the overrides in instants, then those of the shifts, period by period, in
 * minutes of their cycle. Each run is sorted by its start and read as a balanced tree (the middle is the root), in which a
 * node knows how far the intervals below it reach: a search goes down only where one can cover the asked point. */
#include "core/roster/roster.h"

#include "base/assert.h"

#define MINUTE_MS INT64_C(60000)

enum { DAY_MINUTES = 24 * 60, WEEK_DAYS = 7 };

/* --- days ----------------------------------------------------------------------------------------------------------- */

static int64_t floor_mod(int64_t a, int64_t b)
{
    int64_t rest = a % b;
    return rest < 0 ? rest + b : rest;
}

/* 1 Monday … 7 Sunday; 1970-01-01 was a Thursday. */
static uint32_t weekday_of(int64_t day)
{
    return (uint32_t)floor_mod(day + 3, WEEK_DAYS) + 1;
}

static uint32_t period_of(const struct roster_shift *shift)
{
    return shift->period_days > 0 ? shift->period_days : WEEK_DAYS;
}

int64_t roster_anchor_day(const struct roster_shift *shift)
{
    if (shift->weekday == 0) {
        return shift->first_day;
    }
    return shift->first_day +
           floor_mod((int64_t)shift->weekday - weekday_of(shift->first_day), WEEK_DAYS);
}

static const struct roster_make_up *find_make_up(const struct roster *roster, int64_t day)
{
    for (size_t i = 0; i < roster->make_up_count; i++) {
        if (roster->make_up_days[i].day == day) {
            return &roster->make_up_days[i];
        }
    }
    return NULL;
}

/* The day of the same week whose table a make-up day follows. */
static int64_t followed_day(const struct roster_make_up *make_up)
{
    return make_up->day + (int64_t)make_up->weekday - weekday_of(make_up->day);
}

static bool is_school_day(const struct roster *roster, int64_t day)
{
    struct calendar calendar = {.holidays = roster->holidays,
                                .holiday_count = roster->holiday_count};
    return find_make_up(roster, day) != NULL || calendar_is_school_day(&calendar, day);
}

/* Whether the shift begins on a day that its period names; `follows`: the day stands for a make-up day. */
static bool begins_on(const struct roster *roster, const struct roster_shift *shift, int64_t day,
                      bool follows)
{
    if (day < shift->first_day || (shift->last_day > 0 && day > shift->last_day)) {
        return false;
    }
    switch (shift->days) {
    case ROSTER_DAYS_EVERY:
        return !follows;
    case ROSTER_DAYS_SCHOOL:
        return follows || (find_make_up(roster, day) == NULL && is_school_day(roster, day));
    case ROSTER_DAYS_OTHER:
        return !follows && !is_school_day(roster, day);
    case ROSTER_DAYS_COUNT:
        break;
    }
    return false;
}

/* --- the index ------------------------------------------------------------------------------------------------------ */

static bool is_before(const struct roster_node *a, const struct roster_node *b)
{
    if (a->period_days != b->period_days) {
        return a->period_days < b->period_days;
    }
    return a->from != b->from ? a->from < b->from : a->item < b->item;
}

/* Shell's, which needs no memory. */
static void sort(struct roster_node *nodes, size_t count)
{
    static const size_t gaps[] = {701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof(gaps) / sizeof(gaps[0]); g++) {
        for (size_t i = gaps[g]; i < count; i++) {
            struct roster_node node = nodes[i];
            size_t at = i;
            while (at >= gaps[g] && is_before(&node, &nodes[at - gaps[g]])) {
                nodes[at] = nodes[at - gaps[g]];
                at -= gaps[g];
            }
            nodes[at] = node;
        }
    }
}

static int64_t set_reach(struct roster_node *nodes, size_t low, size_t high)
{
    size_t middle = low + (high - low) / 2;
    if (low >= high) {
        return INT64_MIN;
    }
    int64_t left = set_reach(nodes, low, middle);
    int64_t right = set_reach(nodes, middle + 1, high);
    int64_t reach = left > right ? left : right;
    nodes[middle].reach = reach > nodes[middle].to ? reach : nodes[middle].to;
    return nodes[middle].reach;
}

/* The end of the run that begins at `from`. */
static size_t run_end(const struct roster_node *nodes, size_t from, size_t count)
{
    size_t end = from;
    while (end < count && nodes[end].period_days == nodes[from].period_days) {
        end++;
    }
    return end;
}

void roster_index(struct roster *roster, struct roster_node *ret_nodes)
{
    size_t count = 0;
    sw_assert(roster_fault(roster) == NULL);
    for (size_t i = 0; i < roster->override_count; i++) {
        ret_nodes[count++] = (struct roster_node){roster->overrides[i].from_ms,
                                                  roster->overrides[i].to_ms, 0, (uint32_t)i, 0};
    }
    for (size_t i = 0; i < roster->shift_count; i++) {
        const struct roster_shift *shift = &roster->shifts[i];
        int64_t cycle = (int64_t)period_of(shift) * DAY_MINUTES;
        int64_t from =
            floor_mod(roster_anchor_day(shift) * DAY_MINUTES + shift->start_minute, cycle);
        ret_nodes[count++] = (struct roster_node){from, from + shift->length_minutes, 0,
                                                  (uint32_t)i, period_of(shift)};
    }
    sort(ret_nodes, count);
    for (size_t from = 0; from < count;) {
        size_t end = run_end(ret_nodes, from, count);
        (void)set_reach(ret_nodes, from, end);
        from = end;
    }
    roster->nodes = ret_nodes;
}

/* --- the question --------------------------------------------------------------------------------------------------- */

struct question {
    const struct roster *roster;
    struct str campus;
    int64_t at_ms;
    int64_t minute;  /* of the wall clock since 1970; moved to the day that a make-up day follows */
    int64_t follows; /* that day; INT64_MIN: none */
    const struct roster_shift *shift; /* for which overrides are asked */
    bool is_replaced;
    uint32_t items[ROSTER_ON_DUTY_MAX]; /* of duties, ascending from `override_count` on */
    size_t override_count;
    size_t count;
    struct roster_duty *duties;
};

typedef void (*visit_fn)(struct question *question, const struct roster_node *node, int64_t point);

/* Calls `visit` for each interval of the run that covers the point. */
static void search(struct question *question, size_t low, size_t high, int64_t point,
                   visit_fn visit)
{
    const struct roster_node *nodes = question->roster->nodes;
    size_t middle = low + (high - low) / 2;
    if (low >= high || nodes[middle].reach <= point) {
        return;
    }
    search(question, low, middle, point, visit);
    if (nodes[middle].from > point) {
        return;
    }
    if (point < nodes[middle].to) {
        visit(question, &nodes[middle], point);
    }
    search(question, middle + 1, high, point, visit);
}

/* Whether something of one campus counts for a question about another; empty is all. */
static bool meets_campus(struct str of, struct str asked)
{
    return of.len == 0 || asked.len == 0 || str_equal(of, asked);
}

/* The lowest items win where there is no room for all. */
static void add_duty(struct question *question, uint32_t item, size_t from,
                     const struct roster_duty *duty)
{
    size_t at = question->count;
    for (size_t i = 0; i < question->count; i++) {
        if (str_equal(question->duties[i].person, duty->person)) {
            return;
        }
    }
    while (at > from && question->items[at - 1] > item) {
        at--;
    }
    if (at == ROSTER_ON_DUTY_MAX) {
        return;
    }
    question->count += question->count < ROSTER_ON_DUTY_MAX ? 1 : 0;
    for (size_t i = question->count - 1; i > at; i--) {
        question->items[i] = question->items[i - 1];
        question->duties[i] = question->duties[i - 1];
    }
    question->items[at] = item;
    question->duties[at] = *duty;
}

static void visit_override(struct question *question, const struct roster_node *node, int64_t point)
{
    const struct roster_override *override = &question->roster->overrides[node->item];
    (void)point;
    if (override->person.len > 0 && meets_campus(override->campus, question->campus)) {
        add_duty(question, node->item, 0,
                 &(struct roster_duty){override->person, override->substitute, override->campus});
    }
}

/* Whether the override stands in the place of the shift in hand. */
static void visit_replacement(struct question *question, const struct roster_node *node,
                              int64_t point)
{
    const struct roster_override *override = &question->roster->overrides[node->item];
    const struct roster_shift *shift = question->shift;
    (void)point;
    bool same_place = override->campus.len == 0 || str_equal(override->campus, shift->campus) ||
                      (question->campus.len > 0 && str_equal(override->campus, question->campus));
    question->is_replaced |= same_place && (override->instead_of.len == 0 ||
                                            str_equal(override->instead_of, shift->person));
}

static void visit_shift(struct question *question, const struct roster_node *node, int64_t point)
{
    const struct roster_shift *shift = &question->roster->shifts[node->item];
    int64_t start = question->minute - (point - node->from);
    int64_t day = (start - shift->start_minute) / DAY_MINUTES;
    bool follows = question->follows != INT64_MIN;
    if (!meets_campus(shift->campus, question->campus) || (follows && day != question->follows) ||
        !begins_on(question->roster, shift, day, follows)) {
        return;
    }
    question->shift = shift;
    question->is_replaced = false;
    search(question, 0, question->roster->override_count, question->at_ms, visit_replacement);
    if (!question->is_replaced) {
        add_duty(question, node->item, question->override_count,
                 &(struct roster_duty){shift->person, shift->substitute, shift->campus});
    }
}

/* A shift that began before its cycle's end is found one cycle later. */
static void ask_shifts(struct question *question)
{
    const struct roster *roster = question->roster;
    size_t count = roster->shift_count + roster->override_count;
    for (size_t from = roster->override_count; from < count;) {
        size_t end = run_end(roster->nodes, from, count);
        int64_t cycle = (int64_t)roster->nodes[from].period_days * DAY_MINUTES;
        int64_t point = floor_mod(question->minute, cycle);
        search(question, from, end, point, visit_shift);
        search(question, from, end, point + cycle, visit_shift);
        from = end;
    }
}

size_t roster_on_duty(const struct roster *roster, const struct zone *zone, struct str campus,
                      int64_t at_ms, struct roster_duty ret_duties[ROSTER_ON_DUTY_MAX])
{
    struct zone_local local = zone_to_local(zone, at_ms);
    struct question question = {.roster = roster,
                                .campus = campus,
                                .at_ms = at_ms,
                                .minute = local.day * DAY_MINUTES + local.day_ms / MINUTE_MS,
                                .follows = INT64_MIN,
                                .duties = ret_duties};
    int64_t minute = question.minute;
    sw_assert(roster->nodes != NULL || roster->shift_count + roster->override_count == 0);
    search(&question, 0, roster->override_count, at_ms, visit_override);
    question.override_count = question.count;
    ask_shifts(&question);
    for (size_t i = 0; i < roster->make_up_count; i++) {
        const struct roster_make_up *make_up = &roster->make_up_days[i];
        if (make_up->day <= local.day && local.day - make_up->day <= WEEK_DAYS) {
            question.follows = followed_day(make_up);
            question.minute = minute - (make_up->day - question.follows) * DAY_MINUTES;
            ask_shifts(&question);
        }
    }
    sw_assert(question.count <= ROSTER_ON_DUTY_MAX);
    return question.count;
}

bool roster_find_gap(const struct roster *roster, const struct zone *zone, struct str campus,
                     struct roster_gap within, struct roster_gap *ret_gap)
{
    struct roster_duty duties[ROSTER_ON_DUTY_MAX];
    int64_t from_ms = within.from_ms;
    while (from_ms < within.to_ms && roster_on_duty(roster, zone, campus, from_ms, duties) > 0) {
        from_ms += MINUTE_MS;
    }
    if (from_ms >= within.to_ms) {
        return false;
    }
    int64_t to_ms = from_ms + MINUTE_MS;
    while (to_ms < within.to_ms && roster_on_duty(roster, zone, campus, to_ms, duties) == 0) {
        to_ms += MINUTE_MS;
    }
    *ret_gap = (struct roster_gap){from_ms, to_ms < within.to_ms ? to_ms : within.to_ms};
    return true;
}

/* --- faults --------------------------------------------------------------------------------------------------------- */

static const char *shift_fault(const struct roster_shift *shift)
{
    const int64_t day_max = INT64_C(1000000); /* about the year 4700 */
    if (shift->weekday > 7) {
        return "a shift's weekday is not 1..7";
    }
    if (shift->start_minute >= DAY_MINUTES) {
        return "a shift's start is not within the day";
    }
    if (shift->length_minutes < 1 || shift->length_minutes > ROSTER_SHIFT_MAX_MINUTES) {
        return "a shift's length is not 1 minute to 7 days";
    }
    if (shift->period_days > ROSTER_PERIOD_MAX_DAYS) {
        return "a shift comes round after more than 53 weeks";
    }
    if (shift->length_minutes > period_of(shift) * DAY_MINUTES) {
        return "a shift is longer than the time after which it comes round";
    }
    if (shift->weekday != 0 && period_of(shift) % WEEK_DAYS != 0) {
        return "a shift of a weekday comes round after whole weeks";
    }
    if ((shift->weekday == 0 || period_of(shift) != WEEK_DAYS) && shift->first_day == 0) {
        return "a shift that is not of every week has no first day";
    }
    if (shift->first_day < 0 || shift->first_day > day_max || shift->last_day < 0 ||
        shift->last_day > day_max) {
        return "a shift's first or last day is not within 1970 to 4700";
    }
    if (shift->last_day > 0 && shift->last_day < shift->first_day) {
        return "a shift's last day is before its first";
    }
    if ((unsigned)shift->days >= ROSTER_DAYS_COUNT) {
        return "a shift's days are not every, school or other";
    }
    return shift->person.len == 0 ? "a shift has no person" : NULL;
}

static const char *override_fault(const struct roster_override *override)
{
    if (override->from_ms >= override->to_ms) {
        return "an override ends before it begins";
    }
    return override->person.len == 0 && override->instead_of.len == 0 ? "an override has no person"
                                                                      : NULL;
}

static const char *days_fault(const struct roster *roster)
{
    for (size_t i = 0; i < roster->holiday_count; i++) {
        if (roster->holidays[i].first_day > roster->holidays[i].last_day) {
            return "a holiday ends before it begins";
        }
    }
    for (size_t i = 0; i < roster->make_up_count; i++) {
        if (roster->make_up_days[i].weekday < 1 || roster->make_up_days[i].weekday > 7) {
            return "a make-up day follows no weekday 1..7";
        }
    }
    return NULL;
}

const char *roster_fault(const struct roster *roster)
{
    if (roster->shift_count > ROSTER_SHIFTS_MAX) {
        return "more than 1024 shifts";
    }
    if (roster->override_count > ROSTER_OVERRIDES_MAX) {
        return "more than 1024 overrides";
    }
    if (roster->holiday_count > ROSTER_HOLIDAYS_MAX ||
        roster->make_up_count > ROSTER_MAKE_UP_DAYS_MAX) {
        return "more than 64 holidays or make-up days";
    }
    const char *fault = days_fault(roster);
    for (size_t i = 0; fault == NULL && i < roster->shift_count; i++) {
        fault = shift_fault(&roster->shifts[i]);
    }
    for (size_t i = 0; fault == NULL && i < roster->override_count; i++) {
        fault = override_fault(&roster->overrides[i]);
    }
    return fault;
}
