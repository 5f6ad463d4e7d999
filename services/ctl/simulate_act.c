/* A command is written as for swctl itself, without the case's number, and goes the same way: its record's bytes are what casework
 * is given. What was typed is not sealed for anybody. */
#include "ctl/simulate_act.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/act_draft.h"
#include "wire/command.h"
#include "wire/decode.h"

enum { WORDS_MAX = 64 };

struct act_words {
    char *items[WORDS_MAX];
    int count;
};

static bool add_word(struct act_words *words, struct arena *arena, struct str text)
{
    struct str copy = arena_copy_str(arena, text);
    if (words->count == WORDS_MAX || copy.at == NULL) {
        return false;
    }
    words->items[words->count++] = (char *)(uintptr_t)copy.at;
    return true;
}

/* "?" is the subject of the case, "#2" the second case. */
static struct str meant(const struct simulate_acting *acting, struct str subject, struct str word,
                        char ret_digits[IDENT_TEXT_BYTES])
{
    char *end = NULL;
    unsigned long number = word.len > 1 && word.at[0] == '#' ? strtoul(word.at + 1, &end, 10) : 0;
    const struct casefile *other = number > 0 && end == word.at + word.len
                                       ? simulation_case(acting->simulation, number)
                                       : NULL;
    if (other != NULL) {
        ident_format(other->id, ret_digits);
        return str_of(ret_digits);
    }
    return str_is(word, "?") ? subject : word;
}

/* Words between blanks; quotes hold one together. */
static bool split(const struct simulate_acting *acting, struct str subject, struct str text,
                  struct act_words *ret_words)
{
    struct arena *arena = acting->arena;
    char digits[IDENT_TEXT_BYTES];
    bool is_good = true;
    while (text.len > 0 && is_good) {
        if (text.at[0] == ' ') {
            text = (struct str){text.at + 1, text.len - 1};
            continue;
        }
        size_t skip = text.at[0] == '"' ? 1 : 0;
        char until = skip == 1 ? '"' : ' ';
        const char *end = memchr(text.at + skip, until, text.len - skip);
        size_t len = end == NULL ? text.len - skip : (size_t)(end - text.at) - skip;
        struct str word = {text.at + skip, len};
        is_good = add_word(ret_words, arena, meant(acting, subject, word, digits));
        is_good = is_good && (ret_words->count > 1 || add_word(ret_words, arena, STR_LITERAL("-")));
        size_t used = skip + len + (end == NULL ? 0 : 1);
        text = (struct str){text.at + used, text.len - used};
    }
    return is_good;
}

static bool is_act(const struct ctl_command *command)
{
    const struct act *act = act_rows;
    while (act->command != NULL && act->command != command) {
        act++;
    }
    return act->command != NULL;
}

/* A value of the form of a sealed one. */
static int seal(void *ctx, struct str clear, Shouwang__V1__Sealed **slot)
{
    struct arena *arena = ctx;
    Shouwang__V1__Sealed *sealed = arena_alloc(arena, sizeof(*sealed));
    (void)clear;
    if (sealed == NULL) {
        return ERR_MEMORY;
    }
    shouwang__v1__sealed__init(sealed);
    sealed->key_class = SHOUWANG__V1__KEY_CLASS__KEY_CLASS_CONTENT;
    *slot = sealed;
    return 0;
}

static struct str role_of(const struct simulate_acting *acting, const struct casefile *file,
                          const struct ctl *ctl, struct str person)
{
    const char *said = ctl_has_option(ctl, "--role") ? ctl_option(ctl, "--role") : NULL;
    if (said != NULL) {
        return str_of(said);
    }
    struct str told = simulation_role_of(acting->simulation, file->id, person);
    const struct org_person *record = org_find_person(acting->org, file->unit, person);
    if (told.len == 0 && record != NULL && record->holding_count > 0) {
        told = str_of(org_role_id(record->holdings[0].role));
    }
    return told;
}

static char *text_in(struct arena *arena, struct str text)
{
    struct str copy = arena_copy_str(arena, text);
    static char empty[] = "";
    return copy.at == NULL ? empty : (char *)(uintptr_t)copy.at;
}

static int complete(const struct simulate_acting *acting, const struct scenario_step *step,
                    const struct casefile *file, struct act_draft *draft)
{
    static char via[] = "swctl";
    struct arena *arena = acting->arena;
    Shouwang__V1__Command *command = draft->command;
    uint8_t *ids = arena_alloc_array(arena, 2, IDENT_BYTES);
    if (ids == NULL) {
        return ERR_MEMORY;
    }
    (*acting->count)++;
    memcpy(ids, acting->count, sizeof(*acting->count));
    memcpy(ids + IDENT_BYTES, file->id.bytes, IDENT_BYTES);
    command->id = (ProtobufCBinaryData){IDENT_BYTES, ids};
    command->case_id = (ProtobufCBinaryData){IDENT_BYTES, ids + IDENT_BYTES};
    command->unit = text_in(arena, file->unit);
    command->actor = text_in(arena, step->by);
    command->actor_role = text_in(arena, role_of(acting, file, draft->ctl, step->by));
    command->via = via;
    command->issued_at_ms = step->at_ms;
    int error = act_draft_keep_codes(draft, &acting->pack->policies);
    return error != 0 ? error : act_draft_seal(draft, seal, arena);
}

static enum ctl_exit give(const struct simulate_acting *acting, const struct scenario_step *step,
                          const struct act_draft *draft)
{
    struct case_command command;
    struct fault fault = {0};
    struct str bytes;
    int error = encode_message(&draft->command->base, acting->arena, &bytes);
    error = error != 0 ? error : command_decode(bytes, acting->arena, &command, &fault);
    if (error == ERR_INVALID) {
        return ctl_fail(CTL_USAGE, "%s: %s", fault.path, reject_reason_text(fault.reason));
    }
    error = error != 0 ? error : simulation_command(acting->simulation, &command, step->at_ms);
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

static enum ctl_exit act(const struct simulate_acting *acting, const struct scenario_step *step,
                         struct str subject, struct ctl *ctl)
{
    struct act_words words = {.count = 0};
    struct act_draft draft;
    if (!split(acting, subject, step->does, &words)) {
        return ctl_fail(CTL_USAGE, "more than %d words", WORDS_MAX);
    }
    if (!ctl_parse(ctl, words.count, words.items)) {
        return CTL_USAGE;
    }
    if (!is_act(ctl->command)) {
        return ctl_fail(CTL_USAGE, "%s is no command on a case", ctl->command->name);
    }
    /* Anew: a look at another case is the end of the first. */
    const struct casefile *file = simulation_case(acting->simulation, (size_t)step->case_number);
    enum ctl_exit code = act_draft_read(ctl, step->at_ms, &draft);
    if (code == CTL_OK && complete(acting, step, file, &draft) != 0) {
        code = ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    code = code == CTL_OK ? give(acting, step, &draft) : code;
    act_draft_fini(&draft);
    return code;
}

enum ctl_exit simulate_act(const struct simulate_acting *acting, const struct scenario_step *step)
{
    if (simulation_run_before(acting->simulation, step->at_ms) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    const struct casefile *file = simulation_case(acting->simulation, (size_t)step->case_number);
    struct ctl *ctl = arena_alloc(acting->arena, sizeof(*ctl));
    if (file == NULL) {
        return ctl_fail(CTL_USAGE, "there is no such case yet");
    }
    if (ctl == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    arena_init(&ctl->arena, CTL_ARENA_MAX_BYTES);
    enum ctl_exit code = act(acting, step, arena_copy_str(acting->arena, file->subject), ctl);
    arena_fini(&ctl->arena);
    return code;
}
