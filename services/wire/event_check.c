/* What every event fulfils, over HTTP as on the topic. */
#include "wire/event.h"

#include "wire/decode.h"

#define YEAR_2000_MS INT64_C(946684800000)

/* The times of an event: what must not lie ahead, nor before there were computers in schools. */
static const struct {
    const char *path;
    size_t offset;
} times[] = {
    {"/occurred_at_ms", offsetof(Shouwang__V1__Event, occurred_at_ms)},
    {"/discovered_at_ms", offsetof(Shouwang__V1__Event, discovered_at_ms)},
    {"/reported_at_ms", offsetof(Shouwang__V1__Event, reported_at_ms)},
};

static int check_time(int64_t time_ms, const char *path, int64_t now_ms, struct fault *ret_fault)
{
    if (time_ms == 0) {
        return 0; /* not given: incomplete is accepted */
    }
    if (time_ms < YEAR_2000_MS) {
        return fault_set(ret_fault, REJECT_TIME_TOO_OLD, path, FAULT_NO_BYTE);
    }
    return time_ms > now_ms + EVENT_FUTURE_MAX_MS
               ? fault_set(ret_fault, REJECT_TIME_IN_FUTURE, path, FAULT_NO_BYTE)
               : 0;
}

/* What intake has taken was plausible on its clock, and stays so on every other. */
static int check_times(const Shouwang__V1__Event *event, int64_t now_ms, struct fault *ret_fault)
{
    int64_t taken_ms = event->accepted_at_ms != 0 ? event->accepted_at_ms : now_ms;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int64_t time_ms = *(const int64_t *)(const void *)((const char *)event + times[i].offset);
        int error = check_time(time_ms, times[i].path, taken_ms, ret_fault);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

/* A roll counts no more missing than there are. */
static int check_counts(const Shouwang__V1__Event *event, int64_t now_ms, struct fault *ret_fault)
{
    (void)now_ms;
    if (event->detail_case != SHOUWANG__V1__EVENT__DETAIL_ATTENDANCE || event->attendance == NULL ||
        event->attendance->enrolled_count == 0 ||
        event->attendance->absent_count <= event->attendance->enrolled_count) {
        return 0;
    }
    return fault_set(ret_fault, REJECT_OUT_OF_RANGE, "/attendance/absent_count", FAULT_NO_BYTE);
}

typedef int (*check_fn)(const Shouwang__V1__Event *event, int64_t now_ms, struct fault *ret_fault);

int event_check(const Shouwang__V1__Event *event, int64_t now_ms, struct fault *ret_fault)
{
    static const check_fn checks[] = {check_times, check_counts};
    int error = decode_check(&event->base, ret_fault);
    for (size_t i = 0; error == 0 && i < sizeof(checks) / sizeof(checks[0]); i++) {
        error = checks[i](event, now_ms, ret_fault);
    }
    return error;
}

/* The fields that only intake fills. */
static const char *field_of_intake(const Shouwang__V1__Event *event)
{
    return event->accepted_at_ms != 0    ? "/accepted_at_ms"
           : event->body_digest.len != 0 ? "/body_digest"
           : event->id_reused            ? "/id_reused"
                                         : NULL;
}

static const char *sealed_field(const Shouwang__V1__Event *event)
{
    const struct {
        const char *path;
        const Shouwang__V1__Sealed *sealed;
    } fields[] = {
        {"/text", event->text},
        {"/reporter_name", event->reporter_name},
        {"/callback", event->callback},
        {"/with_pupil", event->with_pupil},
        {"/place_detail", event->place_detail},
        {"/sender_ids", event->sender_ids},
        {"/extra", event->extra},
        {"/screening/answers",
         event->detail_case == SHOUWANG__V1__EVENT__DETAIL_SCREENING && event->screening != NULL
             ? event->screening->answers
             : NULL},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].sealed != NULL) {
            return fields[i].path;
        }
    }
    return NULL;
}

static int check_headers(const Shouwang__V1__Event *event, enum event_family family,
                         const struct cloudevent *headers, struct fault *ret_fault)
{
    char type[EVENT_TYPE_MAX_BYTES];
    bool fits =
        cloudevent_format_type(event_family_name(family), str_of(event->kind), type, sizeof(type));
    const char *wrong =
        !str_is(headers->id, event->id)           ? "/id"
        : !str_is(headers->source, event->source) ? "/source"
        : !fits || !str_is(headers->type, type)   ? "/type"
        : headers->partitionkey.len > 0 && !str_is(headers->partitionkey, event->unit)
            ? "/partitionkey"
            : NULL;
    return wrong == NULL ? 0 : fault_set(ret_fault, REJECT_BAD_HEADER, wrong, FAULT_NO_BYTE);
}

int event_check_foreign(const Shouwang__V1__Event *event, enum event_family family,
                        const struct cloudevent *headers, struct fault *ret_fault)
{
    const char *forbidden = field_of_intake(event);
    if (forbidden != NULL) {
        return fault_set(ret_fault, REJECT_NOT_BY_SENDER, forbidden, FAULT_NO_BYTE);
    }
    forbidden = sealed_field(event);
    if (forbidden != NULL) {
        return fault_set(ret_fault, REJECT_SEALED_NOT_ALLOWED, forbidden, FAULT_NO_BYTE);
    }
    if (!event_detail_fits(event, family)) {
        return fault_set(ret_fault, REJECT_EXCLUDES_ANOTHER, "/detail", FAULT_NO_BYTE);
    }
    return headers == NULL ? 0 : check_headers(event, family, headers, ret_fault);
}
