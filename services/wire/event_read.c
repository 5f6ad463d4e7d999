/* A CloudEvent's body -> an event, in two halves: what can be read without knowing anybody, then names and seals. */
#include "wire/event.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/assert.h"
#include "wire/decode.h"
#include "wire/json.h"
#include "wire/json_names.h"

enum { IDENTIFIER_MAX_BYTES = 128, EXTRA_MAX_BYTES = 16 * 1024 };

/* The personal values of a body: who may open them, and how long they may be. */
static const struct {
    const char *field;
    Shouwang__V1__KeyClass key_class;
    size_t max_bytes;
} personal[] = {
    {"text", SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT, 32 * 1024},
    {"reporter_name", SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT, 256},
    {"callback", SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT, 256},
    {"with_pupil", SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT, 1024},
    {"place_detail", SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT, 1024},
    {"answers", SHOUWANG__V1__KEY_CLASS__KEY_CLASS_ANSWERS, 16 * 1024},
};
enum { PERSONAL_COUNT = sizeof(personal) / sizeof(personal[0]) };
_Static_assert((int)PERSONAL_COUNT <= (int)EVENT_SEALED_MAX, "each may be given once");

/* What a body may not say: it is the CloudEvent's, or ours. */
static const char *const not_by_sender[] = {
    "id",          "source",     "kind",           "discovered_missing", "unresolved", "id_reused",
    "accepted_at", "sender_ids", "accepted_at_ms", "body_digest",        "extra",
};

struct reading {
    struct event_draft *draft;
    struct arena *arena;
    const ProtobufCMessageDescriptor *detail;
    json_t *facts; /* members that belong to the family's detail */
    json_t *extra; /* members that belong to nothing */
};

static int refuse(struct fault *ret_fault, enum reject_reason reason)
{
    return fault_set(ret_fault, reason, "", FAULT_NO_BYTE);
}

/* Item answers are given as an object of their own and sealed as its packed record. */
static int pack_answers(struct reading *reading, const json_t *value, struct fault *ret_fault,
                        struct str *ret_clear)
{
    ProtobufCMessage *answers =
        json_new_message(&shouwang__v1__screening_answers__descriptor, reading->arena);
    if (answers == NULL) {
        return ERR_MEMORY;
    }
    int error = json_read_message(value, NULL, reading->arena, ret_fault, answers);
    if (error == 0) {
        error = decode_check(answers, ret_fault);
    }
    return error != 0 ? error : encode_message(answers, reading->arena, ret_clear);
}

static int take_personal(void *ctx, const ProtobufCFieldDescriptor *field, const json_t *value,
                         Shouwang__V1__Sealed **slot, struct fault *ret_fault)
{
    struct reading *reading = ctx;
    struct event_draft *draft = reading->draft;
    size_t row = 0;
    while (row < PERSONAL_COUNT && strcmp(personal[row].field, field->name) != 0) {
        row++;
    }
    if (row == PERSONAL_COUNT) {
        return refuse(ret_fault, REJECT_NOT_BY_SENDER);
    }
    struct str clear = json_text_of(value);
    if (personal[row].key_class == SHOUWANG__V1__KEY_CLASS__KEY_CLASS_ANSWERS) {
        int error = pack_answers(reading, value, ret_fault, &clear);
        if (error != 0) {
            return error;
        }
    } else if (clear.at == NULL) {
        return refuse(ret_fault, REJECT_BAD_TYPE);
    }
    if (clear.len > personal[row].max_bytes) {
        return fault_set(ret_fault, REJECT_TOO_LONG, "", (int64_t)personal[row].max_bytes);
    }
    sw_assert(draft->clear_count < EVENT_SEALED_MAX);
    if (clear.len > 0) {
        draft->clear[draft->clear_count++] = (struct event_clear){field, clear, slot};
    }
    return 0;
}

static int take_identifier(struct event_draft *draft, Shouwang__V1__Party *party,
                           const json_t *value, struct fault *ret_fault)
{
    struct str identifier = json_text_of(value);
    if (identifier.at == NULL) {
        return refuse(ret_fault, REJECT_BAD_TYPE);
    }
    if (identifier.len == 0) {
        return refuse(ret_fault, REJECT_MISSING);
    }
    if (identifier.len > IDENTIFIER_MAX_BYTES) {
        return fault_set(ret_fault, REJECT_TOO_LONG, "", IDENTIFIER_MAX_BYTES);
    }
    for (size_t i = 0; i < identifier.len; i++) {
        if ((unsigned char)identifier.at[i] < 0x20) {
            return fault_set(ret_fault, REJECT_BAD_CHARACTER, "", (int64_t)i);
        }
    }
    if (draft->identifier_count == EVENT_PARTIES_MAX) {
        return refuse(ret_fault, REJECT_TOO_MANY);
    }
    draft->identifiers[draft->identifier_count++] = (struct event_identifier){party, identifier};
    return 0;
}

static int take_unknown(void *ctx, ProtobufCMessage *message, const char *name, json_t *value,
                        struct fault *ret_fault)
{
    struct reading *reading = ctx;
    bool by_alias = false;
    if (message->descriptor == &shouwang__v1__party__descriptor &&
        strcmp(name, "identifier") == 0) {
        return take_identifier(reading->draft, (Shouwang__V1__Party *)message, value, ret_fault);
    }
    if (message == &reading->draft->event->base &&
        json_field_find(reading->detail, name, &by_alias) != NULL) {
        return json_object_set(reading->facts, name, value) == 0 ? 0 : ERR_MEMORY;
    }
    json_t *entry = json_pack("{s:s,s:s,s:O}", "in", message->descriptor->short_name, "member",
                              name, "value", value);
    return json_array_append_new(reading->extra, entry) == 0 ? 0 : ERR_MEMORY;
}

static int check_sender(const json_t *body, struct fault *ret_fault)
{
    if (!json_is_object(body)) {
        return refuse(ret_fault, body == NULL ? REJECT_MISSING : REJECT_BAD_TYPE);
    }
    for (size_t i = 0; i < sizeof(not_by_sender) / sizeof(not_by_sender[0]); i++) {
        if (json_object_get(body, not_by_sender[i]) != NULL) {
            (void)refuse(ret_fault, REJECT_NOT_BY_SENDER);
            fault_inside(ret_fault, not_by_sender[i]);
            return ERR_INVALID;
        }
    }
    return 0;
}

/* The detail's slot: the members of the oneof share it. */
static ProtobufCMessage **detail_slot(Shouwang__V1__Event *event)
{
    return (ProtobufCMessage **)(void *)&event->incident;
}

/* The facts beside the other members. Under the family's name they have been read already. */
static int read_facts(struct reading *reading, const struct json_reader *reader,
                      struct fault *ret_fault)
{
    Shouwang__V1__Event *event = reading->draft->event;
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        event->base.descriptor, event_family_name(reading->draft->family));
    if (event->detail_case != SHOUWANG__V1__EVENT__DETAIL__NOT_SET) {
        if (event_detail_fits(event, reading->draft->family) &&
            json_object_size(reading->facts) == 0) {
            return 0;
        }
        (void)refuse(ret_fault, REJECT_EXCLUDES_ANOTHER);
        fault_inside(ret_fault, protobuf_c_message_descriptor_get_field(
                                    event->base.descriptor, (unsigned)event->detail_case)
                                    ->name);
        return ERR_INVALID;
    }
    ProtobufCMessage *detail = json_new_message(reading->detail, reading->arena);
    if (detail == NULL) {
        return ERR_MEMORY;
    }
    *detail_slot(event) = detail;
    event->detail_case = (Shouwang__V1__Event__DetailCase)field->id;
    return json_read_message(reading->facts, reader, reading->arena, ret_fault, detail);
}

/* A party is named once; what the directory will say of it is not the sender's. */
static int settle_parties(struct event_draft *draft, struct arena *arena, struct fault *ret_fault)
{
    enum { NUMBER_BYTES = 24 };
    char *numbers = arena_alloc_array(arena, draft->identifier_count, NUMBER_BYTES);
    if (numbers == NULL) {
        return ERR_MEMORY;
    }
    enum reject_reason reason = REJECT_NONE;
    const Shouwang__V1__Party *party = NULL;
    const char *member = "identifier";
    for (size_t i = 0; i < draft->identifier_count && reason == REJECT_NONE; i++) {
        party = draft->identifiers[i].party;
        reason = party->ref[0] != '\0' ? REJECT_EXCLUDES_ANOTHER : REJECT_NONE;
        char *number = numbers + i * NUMBER_BYTES; /* stands for the ref until event_finish */
        snprintf(number, NUMBER_BYTES, "-%zu", i);
        draft->identifiers[i].party->ref = number;
    }
    for (size_t i = 0; i < draft->event->n_parties && reason == REJECT_NONE; i++) {
        party = draft->event->parties[i];
        reason = party->unresolved ? REJECT_NOT_BY_SENDER : REJECT_NONE;
        member = "unresolved";
    }
    if (reason == REJECT_NONE) {
        return 0;
    }
    size_t index = 0;
    while (draft->event->parties[index] != party) {
        index++;
    }
    (void)refuse(ret_fault, reason);
    fault_inside(ret_fault, member);
    fault_inside_index(ret_fault, index);
    fault_inside(ret_fault, "parties");
    return ERR_INVALID;
}

static int copy_text(struct str text, struct arena *arena, char **ret_text)
{
    struct str copy = arena_copy_str(arena, text);
    *ret_text = (char *)(uintptr_t)copy.at;
    return copy.at == NULL ? ERR_MEMORY : 0;
}

static int begin(const struct cloudevent *source, struct str kind, struct arena *arena,
                 Shouwang__V1__Event **ret_event)
{
    Shouwang__V1__Event *event =
        (Shouwang__V1__Event *)json_new_message(&shouwang__v1__event__descriptor, arena);
    if (event == NULL || copy_text(source->id, arena, &event->id) != 0 ||
        copy_text(source->source, arena, &event->source) != 0 ||
        copy_text(kind, arena, &event->kind) != 0) {
        return ERR_MEMORY;
    }
    *ret_event = event;
    return 0;
}

static int dump_into(const json_t *json, struct arena *arena, struct str *ret_text)
{
    size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT | JSON_SORT_KEYS);
    char *text = size == 0 ? NULL : arena_alloc(arena, size);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    *ret_text = (struct str){text, json_dumpb(json, text, size, JSON_COMPACT | JSON_SORT_KEYS)};
    return 0;
}

static int read_body(struct reading *reading, const json_t *body, struct fault *ret_fault)
{
    const struct json_reader reader = {
        .sealed = take_personal, .unknown = take_unknown, .ctx = reading};
    struct event_draft *draft = reading->draft;
    int error = check_sender(body, ret_fault);
    if (error == 0) {
        error = json_read_message(body, &reader, reading->arena, ret_fault, &draft->event->base);
    }
    if (error == 0) {
        error = read_facts(reading, &reader, ret_fault);
    }
    if (error == 0) {
        error = settle_parties(draft, reading->arena, ret_fault);
    }
    if (error == 0) {
        error = dump_into(body, reading->arena, &draft->body);
    }
    if (error == 0 && json_array_size(reading->extra) > 0) {
        error = dump_into(reading->extra, reading->arena, &draft->extra);
    }
    if (error == 0 && draft->extra.len > EXTRA_MAX_BYTES) {
        error = fault_set(ret_fault, REJECT_TOO_LARGE, "", FAULT_NO_BYTE);
    }
    return error;
}

static void fill_times(const struct cloudevent *source, int64_t now_ms, Shouwang__V1__Event *event)
{
    event->accepted_at_ms = now_ms;
    if (event->reported_at_ms == 0) {
        event->reported_at_ms = source->time_ms != 0 ? source->time_ms : now_ms;
    }
    event->discovered_missing = event->discovered_at_ms == 0;
    if (event->discovered_missing) {
        event->discovered_at_ms = event->reported_at_ms;
    }
}

/* From the record's root to the CloudEvent's: id, source and kind are attributes, the rest is data; facts that stood
 * beside the other members go back there. */
static void place_fault(const struct event_draft *draft, bool facts_beside, struct fault *fault)
{
    if (strcmp(fault->path, "/id") == 0 || strcmp(fault->path, "/source") == 0) {
        return;
    }
    size_t family_len = strlen(event_family_name(draft->family));
    if (facts_beside &&
        strncmp(fault->path + 1, event_family_name(draft->family), family_len) == 0 &&
        fault->path[1 + family_len] == '/') {
        memmove(fault->path, fault->path + 1 + family_len, strlen(fault->path) - family_len);
    }
    fault_inside(fault, "data");
}

static const ProtobufCMessageDescriptor *detail_of(enum event_family family)
{
    switch (family) {
    case EVENT_FAMILY_SCREENING:
        return &shouwang__v1__screening__descriptor;
    case EVENT_FAMILY_ATTENDANCE:
        return &shouwang__v1__attendance__descriptor;
    case EVENT_FAMILY_INCIDENT:
        return &shouwang__v1__incident__descriptor;
    case EVENT_FAMILY_NONE:
    case EVENT_FAMILY_COUNT:
        break;
    }
    sw_assert(!"a family");
    return NULL;
}

int event_read(const struct cloudevent *source, int64_t now_ms, struct arena *arena,
               struct fault *ret_fault, struct event_draft *ret_draft)
{
    struct str kind;
    memset(ret_draft, 0, sizeof(*ret_draft));
    if (!event_parse_type(source->type, &ret_draft->family, &kind)) {
        return fault_set(ret_fault, REJECT_BAD_EVENT_TYPE, "/type", FAULT_NO_BYTE);
    }
    int error = begin(source, kind, arena, &ret_draft->event);
    if (error != 0) {
        return error;
    }
    struct reading reading = {.draft = ret_draft,
                              .arena = arena,
                              .detail = detail_of(ret_draft->family),
                              .facts = json_object(),
                              .extra = json_array()};
    error = reading.facts == NULL || reading.extra == NULL
                ? ERR_MEMORY
                : read_body(&reading, source->json, ret_fault);
    bool facts_beside = json_object_size(reading.facts) > 0;
    if (error == ERR_INVALID) {
        fault_inside(ret_fault, "data");
    }
    if (error == 0) {
        fill_times(source, now_ms, ret_draft->event);
        error = event_check(ret_draft->event, now_ms, ret_fault);
        if (error == ERR_INVALID) {
            place_fault(ret_draft, facts_beside, ret_fault);
        }
    }
    json_decref(reading.facts);
    json_decref(reading.extra);
    return error;
}

/* --- The second half. ----------------------------------------------------------------------------------------------- */

/* The sender's own identifiers of those whom the directory does not know, one a line. */
static int resolve_parties(struct event_draft *draft, const struct event_port *port,
                           struct arena *arena, struct str *ret_sender_ids)
{
    Shouwang__V1__Event *event = draft->event;
    struct str unit = str_of(event->unit);
    char *lines = arena_alloc(arena, draft->identifier_count * (IDENTIFIER_MAX_BYTES + 1));
    size_t len = 0;
    if (lines == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < event->n_parties; i++) {
        event->parties[i]->unresolved =
            !port->is_known(port->ctx, unit, str_of(event->parties[i]->ref));
    }
    for (size_t i = 0; i < draft->identifier_count; i++) {
        const struct event_identifier *named = &draft->identifiers[i];
        struct str ref;
        bool unresolved = false;
        int error = port->identify(port->ctx, unit, named->identifier, arena, &ref, &unresolved);
        if (error != 0 || (error = copy_text(ref, arena, &named->party->ref)) != 0) {
            return error;
        }
        named->party->unresolved = unresolved;
        if (unresolved) {
            memcpy(lines + len, named->identifier.at, named->identifier.len);
            len += named->identifier.len;
            lines[len++] = '\n';
        }
    }
    for (size_t i = 0; i < event->n_parties; i++) {
        event->unresolved = event->unresolved || event->parties[i]->unresolved;
    }
    *ret_sender_ids = (struct str){lines, len > 0 ? len - 1 : 0};
    return 0;
}

/* Whose erasure key wraps the event's values: the first affected person's, or the unit's. */
static struct str erasure_owner(const Shouwang__V1__Event *event)
{
    for (size_t i = 0; i < event->n_parties; i++) {
        const Shouwang__V1__Party *party = event->parties[i];
        if (party->role == SHOUWANG__V1__PARTY_ROLE__PARTY_ROLE_AFFECTED && !party->unresolved) {
            return str_of(party->ref);
        }
    }
    return str_of(event->unit);
}

static Shouwang__V1__KeyClass class_of(const ProtobufCFieldDescriptor *field)
{
    for (size_t row = 0; row < PERSONAL_COUNT; row++) {
        if (strcmp(personal[row].field, field->name) == 0) {
            return personal[row].key_class;
        }
    }
    sw_assert(!"a personal field");
    return SHOUWANG__V1__KEY_CLASS__KEY_CLASS_UNSPECIFIED;
}

static int seal_all(struct event_draft *draft, const struct event_port *port, struct arena *arena,
                    struct str sender_ids)
{
    Shouwang__V1__Event *event = draft->event;
    struct str unit = str_of(event->unit);
    struct str owner = erasure_owner(event);
    int error = 0;
    for (size_t i = 0; error == 0 && i < draft->clear_count; i++) {
        const struct event_clear *clear = &draft->clear[i];
        error = port->seal(port->ctx, class_of(clear->field), unit, owner, clear->clear, arena,
                           clear->slot);
    }
    if (error == 0 && sender_ids.len > 0) {
        error = port->seal(port->ctx, SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTACT, unit, owner,
                           sender_ids, arena, &event->sender_ids);
    }
    if (error == 0 && draft->extra.len > 0) {
        error = port->seal(port->ctx, SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT, unit, owner,
                           draft->extra, arena, &event->extra);
    }
    return error;
}

int event_finish(struct event_draft *draft, const struct event_port *port, struct arena *arena)
{
    struct str sender_ids;
    uint8_t *digest = arena_alloc(arena, IDENT_BYTES);
    if (digest == NULL) {
        return ERR_MEMORY;
    }
    int error = resolve_parties(draft, port, arena, &sender_ids);
    if (error == 0) {
        error = seal_all(draft, port, arena, sender_ids);
    }
    if (error == 0) {
        port->digest(port->ctx, draft->body, digest);
        draft->event->body_digest = (ProtobufCBinaryData){.len = IDENT_BYTES, .data = digest};
    }
    return error;
}
