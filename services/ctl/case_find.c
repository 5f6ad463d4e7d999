#include "ctl/case_find.h"

#include <string.h>

#include "base/ident.h"
#include "ctl/log_reader.h"
#include "wire/decode.h"

enum { SCRATCH_BYTES = 8 << 20 };

struct finding {
    struct ctl *ctl;
    const struct case_find *find;
    struct ident id; /* none: looked for by number */
    struct arena scratch;
    struct case_found found;
    struct str unit; /* of the case found */
    unsigned matches;
    struct str user_person;
    struct str user_role;
    const char *holder; /* whose first role is taken from the directory; NULL: nobody's */
    struct str holder_role;
};

static const ProtobufCMessage *decode(const ProtobufCMessageDescriptor *descriptor,
                                      struct str value, struct arena *arena)
{
    struct fault fault;
    ProtobufCMessage *message = NULL;
    return decode_message(descriptor, value, arena, &fault, &message) == 0 ? message : NULL;
}

static bool is_case(struct finding *finding, const Shouwang__V1__Case *record)
{
    if (finding->find->unit != NULL && strcmp(finding->find->unit, record->unit) != 0) {
        return false;
    }
    if (ident_is_none(finding->id)) {
        return strcmp(record->number, finding->find->what) == 0;
    }
    return record->id.len == IDENT_BYTES &&
           memcmp(record->id.data, finding->id.bytes, IDENT_BYTES) == 0;
}

static void take_case(struct finding *finding, const struct kafka_record *record)
{
    if (record->value.at == NULL || memmem(record->key.at, record->key.len, "/case/", 6) == NULL) {
        return;
    }
    arena_reset(&finding->scratch);
    const ProtobufCMessage *message =
        decode(&shouwang__v1__case__descriptor, record->value, &finding->scratch);
    if (message == NULL || !is_case(finding, (const Shouwang__V1__Case *)message)) {
        return;
    }
    struct str unit = topic_unit_of_key(record->key);
    finding->matches += finding->found.record == NULL || !str_equal(unit, finding->unit);
    finding->unit = arena_copy_str(&finding->ctl->arena, unit);
    finding->found.record = (Shouwang__V1__Case *)(uintptr_t)decode(
        &shouwang__v1__case__descriptor, record->value, &finding->ctl->arena);
}

static struct str keep(struct finding *finding, const char *text)
{
    return arena_copy_str(&finding->ctl->arena, str_of(text));
}

/* Whether the key is "<unit><kind><id>". */
static bool is_key_of(struct str key, const char *kind, const char *id)
{
    size_t kind_len = strlen(kind);
    size_t len = kind_len + strlen(id);
    const char *at = key.len < len ? NULL : key.at + (key.len - len);
    return at != NULL && memcmp(at, kind, kind_len) == 0 &&
           memcmp(at + kind_len, id, len - kind_len) == 0;
}

static void take_entry(struct finding *finding, const struct kafka_record *record)
{
    const char *who = finding->find->who;
    bool is_user = who != NULL && is_key_of(record->key, "/user/", who);
    bool is_person = finding->holder != NULL && is_key_of(record->key, "/person/", finding->holder);
    if (record->value.at == NULL || (!is_user && !is_person)) {
        return;
    }
    arena_reset(&finding->scratch);
    const Shouwang__V1__DirectoryRecord *entry = (const void *)decode(
        &shouwang__v1__directory_record__descriptor, record->value, &finding->scratch);
    if (entry == NULL) {
        return;
    }
    if (is_user && entry->entry_case == SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_USER) {
        finding->user_person = keep(finding, entry->user->person);
        finding->user_role = keep(finding, entry->user->n_roles > 0 ? entry->user->roles[0] : "");
    }
    if (is_person && entry->entry_case == SHOUWANG__V1__DIRECTORY_RECORD__ENTRY_PERSON) {
        finding->holder_role =
            keep(finding, entry->person->n_holdings > 0 ? entry->person->holdings[0]->role : "");
    }
}

static void take_record(void *ctx, const struct kafka_record *record)
{
    struct finding *finding = ctx;
    if (record->key.at == NULL) {
        return;
    }
    if (record->topic == TOPIC_CASES) {
        take_case(finding, record);
    } else if (record->topic == TOPIC_DIRECTORY) {
        take_entry(finding, record);
    } else if (finding->find->erasure != NULL) {
        /* What is refused is not ours to repair: sealing for that owner then fails. */
        (void)!erasure_apply(finding->find->erasure, record->key,
                             record->value.at == NULL ? NULL : &record->value);
    }
}

/* The role in which the case told the person last: what an acknowledgement answers. */
static struct str told_role(const Shouwang__V1__Case *record, struct str person)
{
    for (size_t i = record->n_told; i-- > 0;) {
        if (str_is(person, record->told[i]->person) && record->told[i]->not_told[0] == '\0') {
            return str_of(record->told[i]->role);
        }
    }
    return STR_LITERAL("");
}

/* The role in which the person acts. A login's person is known only now: the directory is read once more for it. */
static enum ctl_exit find_role(struct finding *finding)
{
    struct case_found *found = &finding->found;
    found->role = told_role(found->record, found->person);
    if (found->role.len == 0) {
        found->role = finding->user_role.len > 0 ? finding->user_role : finding->holder_role;
    }
    if (found->role.len > 0 || finding->user_person.len == 0) {
        return CTL_OK;
    }
    const struct kafka_source source = {.topic = TOPIC_DIRECTORY, .from = KAFKA_FROM_BEGINNING};
    finding->holder = found->person.at;
    enum ctl_exit code = log_read(finding->ctl, &source, 1, false, take_record, finding);
    found->role = finding->holder_role;
    return code;
}

static enum ctl_exit conclude(struct finding *finding, struct case_found *ret_found)
{
    struct case_found *found = &finding->found;
    enum ctl_exit code = CTL_OK;
    if (found->record == NULL) {
        return ctl_fail(CTL_REFUSED, "no case %s", finding->find->what);
    }
    if (finding->matches > 1) {
        return ctl_fail(CTL_REFUSED, "several units have a case %s: say --unit",
                        finding->find->what);
    }
    if (finding->find->who != NULL) {
        found->person =
            finding->user_person.len > 0 ? finding->user_person : keep(finding, finding->find->who);
        code = finding->find->wants_role ? find_role(finding) : CTL_OK;
    }
    *ret_found = *found;
    return code;
}

enum ctl_exit case_find(struct ctl *ctl, const struct case_find *find, struct case_found *ret_found)
{
    struct finding finding = {.ctl = ctl, .find = find, .holder = find->who};
    const struct kafka_source sources[] = {
        {.topic = TOPIC_CASES, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_DIRECTORY, .from = KAFKA_FROM_BEGINNING},
        {.topic = TOPIC_KEYS, .from = KAFKA_FROM_BEGINNING},
    };
    (void)ident_parse(str_of(find->what), &finding.id); /* none: it is a number then */
    arena_init(&finding.scratch, SCRATCH_BYTES);
    size_t count = find->erasure != NULL ? 3 : find->who != NULL ? 2 : 1;
    enum ctl_exit code = log_read(ctl, sources, count, false, take_record, &finding);
    code = code == CTL_OK ? conclude(&finding, ret_found) : code;
    arena_fini(&finding.scratch);
    return code;
}
