/* Who may see what: the table against the rows of the minimum-disclosure rule, templates that are refused, and the
 * reference pack rendered with a canary in every field. All names and numbers are made up. */
#include "support/runner.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "core/disclose/disclose.h"
#include "core/disclose/lint.h"

enum { FILES_MAX = 256, FILE_BYTES = 16 * 1024 };

struct desk {
    struct arena arena;
    struct disclose_file files[FILES_MAX];
    size_t count;
    struct disclose *disclose;
    struct disclose_fault fault;
};

static int open_desk(void **state)
{
    static struct desk desk;
    memset(&desk, 0, sizeof(desk));
    arena_init(&desk.arena, 32 * 1024 * 1024);
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    arena_fini(&desk->arena);
    return 0;
}

static void add_file(struct desk *desk, const char *path, const char *content)
{
    assert_true(desk->count < FILES_MAX);
    desk->files[desk->count++] = (struct disclose_file){str_of(path), str_of(content)};
}

static int load(struct desk *desk)
{
    return disclose_load(&desk->arena, desk->files, desk->count, &desk->fault, &desk->disclose);
}

static void read_folder(struct desk *desk, const char *lang)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/templates/%s", SW_REFERENCE_PACK, lang);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') {
            continue;
        }
        char *name = arena_alloc(&desk->arena, 512);
        char *content = arena_alloc(&desk->arena, FILE_BYTES);
        (void)snprintf(path, sizeof(path), "%s/templates/%s/%s", SW_REFERENCE_PACK, lang,
                       entry->d_name);
        (void)snprintf(name, 512, "templates/%s/%s", lang, entry->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        size_t len = fread(content, 1, FILE_BYTES - 1, file);
        assert_true(len < FILE_BYTES - 1);
        assert_int_equal(fclose(file), 0);
        add_file(desk, name, content);
    }
    assert_int_equal(closedir(folder), 0);
}

static void load_reference(struct desk *desk)
{
    read_folder(desk, "zh");
    read_folder(desk, "en");
    int error = load(desk);
    if (error != 0) {
        print_error("%s\n", desk->fault.text);
    }
    assert_int_equal(error, 0);
}

/* --- The table -------------------------------------------------------------------------------------------------------- */

#define BIT(name) (UINT64_C(1) << DISCLOSE_FIELD_##name)

/* The "never" column, written down a second time from the rule and not from the table. */
static const struct {
    enum disclose_audience audience;
    uint64_t never;
    uint64_t must;
} rule[] = {
    {DISCLOSE_AUDIENCE_REPORTER,
     BIT(PUPIL_NAME) | BIT(CASE_NUMBER) | BIT(OUTCOME) | BIT(LEVEL) | BIT(TAKEN_BY_ROLE) |
         BIT(LINK) | BIT(KIND),
     BIT(RECEIPT_NUMBER)},
    {DISCLOSE_AUDIENCE_STAFF_REPORTER,
     BIT(PUPIL_NAME) | BIT(CASE_NUMBER) | BIT(OUTCOME) | BIT(LEVEL) | BIT(KIND) | BIT(GIST),
     BIT(RECEIPT_NUMBER) | BIT(TAKEN_BY_ROLE) | BIT(TAKEN_AT)},
    {DISCLOSE_AUDIENCE_CLASS_TEACHER,
     BIT(ANSWERS) | BIT(SCORE) | BIT(NOTES) | BIT(FAMILY_OFFENCE) | BIT(KIND) | BIT(GIST),
     BIT(PUPIL_NAME) | BIT(LEVEL) | BIT(GUARDIAN_CONTACT)},
    {DISCLOSE_AUDIENCE_DUTY, BIT(ANSWERS) | BIT(SCORE) | BIT(NOTES),
     BIT(PUPIL_NAME) | BIT(LEVEL) | BIT(PLACE) | BIT(PLACE_DETAIL) | BIT(WITH_PUPIL) |
         BIT(CALLBACK) | BIT(DUE_AT)},
    {DISCLOSE_AUDIENCE_PSYCH_TEACHER, BIT(FAMILY_OFFENCE) | BIT(STATEMENTS),
     BIT(PUPIL_NAME) | BIT(ANSWERS) | BIT(SCORE) | BIT(NOTES)},
    {DISCLOSE_AUDIENCE_GUARDIAN,
     BIT(PUPIL_NAME) | BIT(KIND) | BIT(LEVEL) | BIT(LINK) | BIT(REPORTER) | BIT(STATEMENTS) |
         BIT(CALLBACK) | BIT(PLACE) | BIT(PLACE_DETAIL) | BIT(WITH_PUPIL) | BIT(CASE_NUMBER),
     BIT(SWITCHBOARD)},
    {DISCLOSE_AUDIENCE_ALTERNATE_ADULT,
     BIT(KIND) | BIT(GIST) | BIT(FAMILY_OFFENCE) | BIT(LEVEL) | BIT(LINK), BIT(CALLBACK)},
    {DISCLOSE_AUDIENCE_POLICE, BIT(ANSWERS) | BIT(SCORE) | BIT(NOTES) | BIT(LINK),
     BIT(PUPIL_NAME) | BIT(PLACE) | BIT(DANGER) | BIT(MEANS) | BIT(CALLBACK) | BIT(LEGAL_BASIS)},
    {DISCLOSE_AUDIENCE_HOSPITAL, BIT(STATEMENTS) | BIT(REPORTER) | BIT(LINK) | BIT(NOTES),
     BIT(PUPIL_NAME) | BIT(SIGNS) | BIT(GUARDIAN_CONTACT)},
    {DISCLOSE_AUDIENCE_BUREAU_DUTY,
     BIT(ANSWERS) | BIT(SCORE) | BIT(NOTES) | BIT(PUPIL_NAME) | BIT(CLASS_LABEL) | BIT(WITH_PUPIL) |
         BIT(PLACE_DETAIL) | BIT(GUARDIAN_CONTACT),
     BIT(LEVEL) | BIT(KIND) | BIT(DUE_AT)},
    {DISCLOSE_AUDIENCE_INTEGRATOR,
     BIT(PUPIL_NAME) | BIT(CALLBACK) | BIT(PLACE_DETAIL) | BIT(WITH_PUPIL) | BIT(GIST) |
         BIT(CLASS_LABEL),
     BIT(CASE_ID) | BIT(DUE_AT)},
    {DISCLOSE_AUDIENCE_GROUP_ROBOT,
     BIT(PUPIL_NAME) | BIT(CLASS_LABEL) | BIT(KIND) | BIT(GIST) | BIT(CALLBACK),
     BIT(LEVEL) | BIT(CASE_NUMBER)},
    {DISCLOSE_AUDIENCE_SCREEN,
     BIT(PUPIL_NAME) | BIT(SCORE) | BIT(KIND) | BIT(CLASS_LABEL) | BIT(LINK) | BIT(WITH_PUPIL) |
         BIT(PLACE_DETAIL) | BIT(GUARDIAN_CONTACT),
     BIT(CALLBACK)},
    {DISCLOSE_AUDIENCE_VOICE,
     BIT(PUPIL_NAME) | BIT(SCORE) | BIT(KIND) | BIT(LINK) | BIT(GUARDIAN_CONTACT), BIT(KEYS)},
    {DISCLOSE_AUDIENCE_TOPIC,
     BIT(PUPIL_NAME) | BIT(CALLBACK) | BIT(WITH_PUPIL) | BIT(PLACE_DETAIL) | BIT(CLASS_LABEL) |
         BIT(GUARDIAN_CONTACT) | BIT(GIST) | BIT(ANSWERS) | BIT(SCORE) | BIT(NOTES) | BIT(LINK),
     BIT(CASE_ID) | BIT(LEVEL)},
};

static void test_disclose_table_keeps_the_rule(void **state)
{
    (void)state;
    const uint64_t nobody = BIT(REPORTER) | BIT(STATEMENTS) | BIT(FAMILY_OFFENCE) | BIT(OUTCOME);
    assert_int_equal(sizeof(rule) / sizeof(rule[0]), DISCLOSE_AUDIENCE_COUNT - 1);
    for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++) {
        for (unsigned k = 0; k < DISCLOSE_FIELD_COUNT; k++) {
            bool may =
                disclose_may_see(rule[i].audience, CASE_CHANNEL_NONE, (enum disclose_field)k);
            bool never = ((rule[i].never | nobody) >> k & 1) != 0;
            bool must = (rule[i].must >> k & 1) != 0;
            if ((never && may) || (must && !may)) {
                print_error("%s: %s\n", disclose_audience_id(rule[i].audience),
                            disclose_field_id((enum disclose_field)k));
            }
            assert_false(never && may);
            assert_false(must && !may);
        }
    }
}

static void test_disclose_nobody_sees_nothing(void **state)
{
    (void)state;
    for (unsigned k = 0; k < DISCLOSE_FIELD_COUNT; k++) {
        assert_false(
            disclose_may_see(DISCLOSE_AUDIENCE_NONE, CASE_CHANNEL_MAIL, (enum disclose_field)k));
    }
    assert_int_equal(disclose_audience_of_role(STR_LITERAL("spokesperson")),
                     DISCLOSE_AUDIENCE_NONE);
    assert_int_equal(disclose_audience_of_role(STR_LITERAL("nobody")), DISCLOSE_AUDIENCE_NONE);
    assert_int_equal(disclose_audience_of_role(STR_LITERAL("principal")), DISCLOSE_AUDIENCE_DUTY);
}

static void test_disclose_channel_cuts_the_row(void **state)
{
    (void)state;
    assert_true(
        disclose_may_see(DISCLOSE_AUDIENCE_DUTY, CASE_CHANNEL_WECOM, DISCLOSE_FIELD_PUPIL_NAME));
    assert_false(
        disclose_may_see(DISCLOSE_AUDIENCE_DUTY, CASE_CHANNEL_SMS, DISCLOSE_FIELD_PUPIL_NAME));
    assert_false(
        disclose_may_see(DISCLOSE_AUDIENCE_DUTY, CASE_CHANNEL_VOICE, DISCLOSE_FIELD_PUPIL_NAME));
    assert_false(
        disclose_may_see(DISCLOSE_AUDIENCE_GUARDIAN, CASE_CHANNEL_SMS, DISCLOSE_FIELD_CASE_NUMBER));
    assert_false(
        disclose_may_see(DISCLOSE_AUDIENCE_POLICE, CASE_CHANNEL_FEED, DISCLOSE_FIELD_PUPIL_NAME));
    assert_true(disclose_may_see(DISCLOSE_AUDIENCE_POLICE, CASE_CHANNEL_WEBHOOK,
                                 DISCLOSE_FIELD_PUPIL_NAME));
    /* How cases go on is for no liaison: it hears of what it is asked for. */
    assert_false(
        disclose_may_see(DISCLOSE_AUDIENCE_HOSPITAL, CASE_CHANNEL_NONE, DISCLOSE_FIELD_CASE_STATE));
}

/* --- What does not load ----------------------------------------------------------------------------------------------- */

static void test_disclose_refuses_and_says_where(void **state)
{
    static const struct {
        const char *path;
        const char *content;
        const char *fault;
    } cases[] = {
        {"templates/zh/step.sms.duty.mustache", "a\nb {{school}}\n{{pupil_name}}",
         "templates/zh/step.sms.duty.mustache:3: field pupil_name is not for duty over sms"},
        {"templates/zh/step.mail.duty+class_teacher.mustache", "{{#kind}}x{{/kind}}",
         "templates/zh/step.mail.duty+class_teacher.mustache:1: field kind is not for "
         "class_teacher over mail"},
        {"templates/zh/step.mail.duty.mustache", "{{^answers}}x{{/answers}}",
         "templates/zh/step.mail.duty.mustache:1: field answers is not for duty over mail"},
        {"templates/zh/step.mail.duty.mustache", "{{{notes}}}",
         "templates/zh/step.mail.duty.mustache:1: field notes is not for duty over mail"},
        {"templates/zh/step.mail.guardian.mustache", "{{switchboard}}{{link}}",
         "templates/zh/step.mail.guardian.mustache:1: field link is not for guardian over mail"},
        {"templates/zh/step.mail.guardian.mustache", "{{school}}",
         "templates/zh/step.mail.guardian.mustache: a guardian's text names the switchboard to "
         "ring"},
        {"templates/zh/step.mail.guardian.mustache", "{{switchboard}}\nhttps://x",
         "templates/zh/step.mail.guardian.mustache:2: \"http\": a link to guardians looks like the "
         "known fraud"},
        {"templates/zh/step.mail.duty.mustache", "{{shcool}}",
         "templates/zh/step.mail.duty.mustache:1: no field is called shcool"},
        {"templates/zh/step.mail.duty.mustache", "{{school.name}}",
         "templates/zh/step.mail.duty.mustache:1: no field is called school.name"},
        {"templates/zh/step.mail.duty.mustache", "{{>other}}",
         "templates/zh/step.mail.duty.mustache:1: no partial is called \"other\""},
        {"templates/zh/step.mail.duty.mustache", "x\n{{#school}}",
         "templates/zh/step.mail.duty.mustache:2: section is not closed"},
        {"templates/zh/step.mail.duty.mustache", "他跳楼了",
         "templates/zh/step.mail.duty.mustache:1: \"跳楼\": names a method"},
        {"templates/en/step.mail.duty.mustache", "a\nb\nhe Committed  \nCOMMITTED SUICIDE",
         "templates/en/step.mail.duty.mustache:4: \"committed suicide\": speaks of a crime"},
        {"templates/zh/step.sms.duty.mustache", "有自杀风险",
         "templates/zh/step.sms.duty.mustache:1: \"自杀\": tells who looks over a shoulder"},
        {"templates/zh/step.fax.duty.mustache", "x",
         "templates/zh/step.fax.duty.mustache: no channel is called \"fax\""},
        {"templates/zh/step.mail.cook.mustache", "x",
         "templates/zh/step.mail.cook.mustache: no audience is called \"cook\""},
        {"templates/zh/step.mail.mustache", "x",
         "templates/zh/step.mail.mustache: expected <purposes>.<channels>.<audiences>.mustache"},
        {"templates/zh/step.mail.duty.txt", "x",
         "templates/zh/step.mail.duty.txt: neither words.txt nor *.mustache"},
        {"templates/stray.mustache", "x",
         "templates/stray.mustache: expected templates/<lang>/<file>"},
        {"templates/zh/step.mail.duty.mustache", "\xff",
         "templates/zh/step.mail.duty.mustache: not UTF-8 at byte 0"},
        {"templates/zh/words.txt", "# fine\nkind.x = y\nlevel.z 抑郁",
         "templates/zh/words.txt:3: expected \"group.id = word\""},
        {"templates/zh/words.txt", "level.z = 抑郁",
         "templates/zh/words.txt:1: \"抑郁\": tells who looks over a shoulder"},
        {"templates/zh/words.txt", "kind.z = 割腕",
         "templates/zh/words.txt:1: \"割腕\": names a method"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct desk *desk = *state;
        desk->count = 0;
        arena_reset(&desk->arena);
        add_file(desk, cases[i].path, cases[i].content);
        assert_int_equal(load(desk), ERR_INVALID);
        assert_string_equal(desk->fault.text, cases[i].fault);
    }
}

static void test_disclose_partial_is_checked_for_whoever_uses_it(void **state)
{
    struct desk *desk = *state;
    add_file(desk, "templates/zh/_who.mustache", "\n{{pupil_name}}");
    add_file(desk, "templates/zh/step.mail.duty.mustache", "{{>who}}");
    assert_int_equal(load(desk), 0);
    add_file(desk, "templates/zh/step.mail.bureau_duty.mustache", "{{>who}}");
    assert_int_equal(load(desk), ERR_INVALID);
    assert_string_equal(
        desk->fault.text,
        "templates/zh/_who.mustache:1: field pupil_name is not for bureau_duty over mail");
}

static void test_disclose_same_text_twice_is_refused(void **state)
{
    struct desk *desk = *state;
    add_file(desk, "templates/zh/step.mail.duty.mustache", "x");
    add_file(desk, "templates/zh/step.mail+sms.duty.mustache", "x");
    assert_int_equal(load(desk), ERR_INVALID);
    assert_non_null(strstr(desk->fault.text, "stands in"));
}

static void test_disclose_other_files_are_left_alone(void **state)
{
    struct desk *desk = *state;
    add_file(desk, "policies/crisis.yaml", "\xff{{");
    assert_int_equal(load(desk), 0);
}

/* --- Which text --------------------------------------------------------------------------------------------------------- */

static const char *render(struct desk *desk, const char *lang, const char *purpose,
                          const char *obligation)
{
    struct disclose_context context = {0};
    struct disclose_query query = {str_of(lang), str_of(purpose), str_of(obligation),
                                   CASE_CHANNEL_MAIL, DISCLOSE_AUDIENCE_DUTY};
    struct str text;
    int error = disclose_render(desk->disclose, &query, &context, &desk->arena, &text);
    return error == 0 ? arena_copy_str(&desk->arena, text).at : error_name(error);
}

static void test_disclose_finds_the_nearest_text(void **state)
{
    struct desk *desk = *state;
    add_file(desk, "templates/zh/due.mail.duty.mustache", "zh due\n");
    add_file(desk, "templates/zh/due_hold.mail.duty.mustache", "zh hold");
    add_file(desk, "templates/zh/default.mail.duty.mustache", "zh default");
    add_file(desk, "templates/en/due.mail.duty.mustache", "en due");
    assert_int_equal(load(desk), 0);
    assert_string_equal(render(desk, "zh", "due", ""), "zh due");
    assert_string_equal(render(desk, "zh", "due", "hold"), "zh hold");
    assert_string_equal(render(desk, "zh", "due", "phone_report"), "zh due");
    assert_string_equal(render(desk, "zh", "invented", ""), "zh default");
    assert_string_equal(render(desk, "en", "due", "hold"), "en due");
    assert_string_equal(render(desk, "en", "step", ""), "zh default");
    assert_string_equal(render(desk, "fr", "due", ""), "zh due");
    assert_string_equal(render(desk, "", "due", ""), "zh due");
}

static void test_disclose_words_fall_back(void **state)
{
    struct desk *desk = *state;
    add_file(desk, "templates/zh/words.txt", "kind.missing = 失联\n");
    add_file(desk, "templates/en/words.txt", "kind.panic = panic\n");
    assert_int_equal(load(desk), 0);
    struct str word = disclose_word(desk->disclose, STR_LITERAL("en"), STR_LITERAL("kind"),
                                    STR_LITERAL("missing"));
    assert_true(str_is(word, "失联"));
    word =
        disclose_word(desk->disclose, STR_LITERAL("en"), STR_LITERAL("kind"), STR_LITERAL("panic"));
    assert_true(str_is(word, "panic"));
    word = disclose_word(desk->disclose, STR_LITERAL("en"), STR_LITERAL("kind"),
                         STR_LITERAL("unheard_of"));
    assert_true(str_is(word, "unheard_of"));
}

static void test_disclose_value_for_others_is_left_out(void **state)
{
    struct desk *desk = *state;
    add_file(desk, "templates/zh/step.mail.duty.mustache", "{{pupil_name}}{{score}}");
    assert_int_equal(load(desk), ERR_INVALID); /* the first lock */
    desk->count = 0;
    add_file(desk, "templates/zh/step.mail.duty+bureau_duty.mustache", "[{{kind}}]");
    assert_int_equal(load(desk), 0);
    struct disclose_context context = {0};
    struct str text;
    context.fields[DISCLOSE_FIELD_KIND] = STR_LITERAL("canary");
    struct disclose_query query = {.lang = STR_LITERAL("zh"),
                                   .purpose = STR_LITERAL("step"),
                                   .channel = CASE_CHANNEL_MAIL,
                                   .audience = DISCLOSE_AUDIENCE_DUTY};
    assert_int_equal(disclose_render(desk->disclose, &query, &context, &desk->arena, &text), 0);
    assert_true(str_is(text, "[canary]"));
}

/* --- The reference pack ------------------------------------------------------------------------------------------------- */

static void test_disclose_reference_pack_is_complete(void **state)
{
    struct desk *desk = *state;
    load_reference(desk);
    int error = disclose_check(desk->disclose, &desk->fault);
    if (error != 0) {
        print_error("%s\n", desk->fault.text);
    }
    assert_int_equal(error, 0);
}

struct canaries {
    struct desk *desk;
    struct disclose_context context;
    size_t texts;
    size_t said[DISCLOSE_FIELD_COUNT];
};

/* A canary that is another run of letters for each field and cannot come about by chance. */
static struct str canary_of(struct desk *desk, unsigned field)
{
    char *text = arena_alloc(&desk->arena, 32);
    int len = snprintf(text, 32, "<canary%02u&>", field);
    return (struct str){text, (size_t)len};
}

static void render_with_canaries(const struct disclose_query *query, void *ctx)
{
    struct canaries *canaries = ctx;
    struct str text;
    assert_int_equal(disclose_render(canaries->desk->disclose, query, &canaries->context,
                                     &canaries->desk->arena, &text),
                     0);
    assert_true(text.len > 0);
    assert_true(str_is_utf8(text, NULL));
    canaries->texts++;
    for (unsigned k = 0; k < DISCLOSE_FIELD_COUNT; k++) {
        struct str canary = canaries->context.fields[k];
        bool said = memmem(text.at, text.len, canary.at, canary.len) != NULL;
        canaries->said[k] += said;
        if (said) {
            assert_true(disclose_may_see(query->audience, query->channel, (enum disclose_field)k));
        }
        /* Once more from the rule itself. */
        for (size_t i = 0; i < sizeof(rule) / sizeof(rule[0]); i++) {
            bool counts = rule[i].audience == query->audience ||
                          (rule[i].audience == DISCLOSE_AUDIENCE_SCREEN &&
                           query->channel == CASE_CHANNEL_SMS) ||
                          (rule[i].audience == DISCLOSE_AUDIENCE_VOICE &&
                           query->channel == CASE_CHANNEL_VOICE);
            assert_false(said && counts && (rule[i].never >> k & 1) != 0);
        }
    }
}

static void test_disclose_canaries_stay_with_their_audience(void **state)
{
    struct desk *desk = *state;
    struct canaries canaries = {.desk = desk};
    load_reference(desk);
    for (unsigned k = 0; k < DISCLOSE_FIELD_COUNT; k++) {
        canaries.context.fields[k] = canary_of(desk, k);
    }
    disclose_each_text(desk->disclose, render_with_canaries, &canaries);
    assert_true(canaries.texts > 300);
    /* The search finds what is there: fields that the texts live by were said. */
    assert_true(canaries.said[DISCLOSE_FIELD_SCHOOL] > 0);
    assert_true(canaries.said[DISCLOSE_FIELD_PUPIL_NAME] > 0);
    assert_true(canaries.said[DISCLOSE_FIELD_CALLBACK] > 0);
    assert_true(canaries.said[DISCLOSE_FIELD_SWITCHBOARD] > 0);
    assert_true(canaries.said[DISCLOSE_FIELD_LINK] > 0);
    assert_int_equal(canaries.said[DISCLOSE_FIELD_REPORTER], 0);
    assert_int_equal(canaries.said[DISCLOSE_FIELD_ANSWERS], 0);
    assert_int_equal(canaries.said[DISCLOSE_FIELD_GIST], 0);
}

static void render_empty(const struct disclose_query *query, void *ctx)
{
    struct canaries *canaries = ctx;
    struct str text;
    assert_int_equal(disclose_render(canaries->desk->disclose, query, &canaries->context,
                                     &canaries->desk->arena, &text),
                     0);
    unsigned where = LINT_ALL | (query->channel == CASE_CHANNEL_SMS ? LINT_SCREEN : 0) |
                     (query->audience == DISCLOSE_AUDIENCE_GUARDIAN ? LINT_GUARDIAN : 0);
    assert_null(lint_find(text, where).phrase);
    canaries->texts++;
}

/* With the real words filled in, the whole text keeps to safe messaging, not only its literal parts. */
static void test_disclose_filled_texts_keep_to_safe_messaging(void **state)
{
    static const char *const langs[] = {"zh", "en"};
    struct desk *desk = *state;
    load_reference(desk);
    for (size_t i = 0; i < 2; i++) {
        struct canaries canaries = {.desk = desk};
        struct str lang = str_of(langs[i]);
        static const struct {
            enum disclose_field field;
            const char *group;
            const char *id;
        } words[] = {
            {DISCLOSE_FIELD_LEVEL, "level", "crisis"},
            {DISCLOSE_FIELD_KIND, "kind", "self_harm"},
            {DISCLOSE_FIELD_PLACE, "place", "on_campus"},
            {DISCLOSE_FIELD_OBLIGATION, "obligation", "emergency_call"},
            {DISCLOSE_FIELD_TAKEN_BY_ROLE, "role", "psych_teacher"},
            {DISCLOSE_FIELD_DANGER, "danger", "imminent"},
        };
        for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
            canaries.context.fields[words[k].field] =
                disclose_word(desk->disclose, lang, str_of(words[k].group), str_of(words[k].id));
            assert_true(i > 0 || !str_is(canaries.context.fields[words[k].field], words[k].id));
        }
        disclose_each_text(desk->disclose, render_empty, &canaries);
        assert_true(canaries.texts > 300);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disclose_table_keeps_the_rule),
        cmocka_unit_test(test_disclose_nobody_sees_nothing),
        cmocka_unit_test(test_disclose_channel_cuts_the_row),
        cmocka_unit_test_setup_teardown(test_disclose_refuses_and_says_where, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_partial_is_checked_for_whoever_uses_it,
                                        open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_same_text_twice_is_refused, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_other_files_are_left_alone, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_finds_the_nearest_text, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_words_fall_back, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_value_for_others_is_left_out, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_reference_pack_is_complete, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_canaries_stay_with_their_audience, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(test_disclose_filled_texts_keep_to_safe_messaging,
                                        open_desk, close_desk),
    };
    return RUN_TESTS(argc, argv, tests);
}
