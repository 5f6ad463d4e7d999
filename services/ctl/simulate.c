/* swctl simulate: scenarios of a made-up school, played under virtual time through the very code that judges live, and what came
 * of them held against what they say. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/diff.h"
#include "ctl/pack_open.h"
#include "ctl/simulate_act.h"
#include "ctl/simulate_lines.h"
#include "io/seal.h"
#include "shell/simulation.h"
#include "wire/scenario.h"

#define PACK_DEFAULT "config/packs/reference"

enum { SCENARIO_ARENA_BYTES = 1 << 30 };

/* All files, then one scenario after the other. */
struct simulate {
    struct ctl *ctl;
    const struct pack *pack;
    struct yaml_faults *faults;
    const struct yaml_node *people[SCENARIO_FILES_MAX]; /* of one file */
    size_t people_count;
    struct arena arena; /* of one scenario */
    size_t passed;
    size_t failed;
    /* one scenario */
    struct simulate_lines *lines;
    struct simulation *simulation;
    struct scenario_people *who;
    struct org *org;
    uint64_t command_count;
};

/* ---- steps */

static enum ctl_exit say_error(const struct simulate *simulate, const struct scenario_step *step,
                               int error)
{
    if (error == ERR_INVALID) {
        return CTL_REFUSED; /* told with the other faults */
    }
    if (error == ERR_NOT_FOUND) {
        yaml_fail(simulate->faults, step->node,
                  "the provider has nothing of which this can be said");
        return CTL_REFUSED;
    }
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

static int send_event(struct simulate *simulate, const struct scenario_step *step, size_t index)
{
    const struct scenario_opening opening = {
        .org = simulate->org, .unit = scenario_people_unit(simulate->who), .hash = seal_hash128};
    struct event event;
    int error =
        scenario_open_event(step, index, &opening, &simulate->arena, simulate->faults, &event);
    return error != 0 ? error : simulation_event(simulate->simulation, &event, step->at_ms);
}

static int say_word(struct simulate *simulate, const struct scenario_step *step)
{
    int error = simulation_run_before(simulate->simulation, step->at_ms);
    const struct casefile *file = simulation_case(simulate->simulation, (size_t)step->case_number);
    const struct ident id = file == NULL ? (struct ident){{0}} : file->id;
    const struct outbox_word word = {.person = step->by,
                                     .channel = step->channel,
                                     .case_id = step->case_number == 0 ? NULL : &id,
                                     .state = step->state};
    return error != 0 ? error : simulation_word(simulate->simulation, &word, step->at_ms);
}

static int change_people(struct simulate *simulate, const struct scenario_step *step)
{
    int error = simulation_run_before(simulate->simulation, step->at_ms);
    error =
        error != 0 ? error : scenario_people_add(simulate->who, step->directory, simulate->faults);
    error =
        error != 0 ? error : scenario_people_put(simulate->who, simulate->org, simulate->faults);
    simulation_refresh(simulate->simulation);
    return error;
}

static enum ctl_exit play_step(struct simulate *simulate, const struct scenario_step *step,
                               size_t index)
{
    const struct simulate_acting acting = {.simulation = simulate->simulation,
                                           .org = simulate->org,
                                           .pack = simulate->pack,
                                           .arena = &simulate->arena,
                                           .count = &simulate->command_count};
    int error = 0;
    switch (step->kind) {
    case SCENARIO_EVENT:
        error = send_event(simulate, step, index);
        break;
    case SCENARIO_COMMAND:
        return simulate_act(&acting, step);
    case SCENARIO_WORD:
        error = say_word(simulate, step);
        break;
    case SCENARIO_DIRECTORY:
        error = change_people(simulate, step);
        break;
    case SCENARIO_PROVIDER:
        error = simulation_run_before(simulate->simulation, step->at_ms);
        simulation_set_provider(simulate->simulation, step->is_down);
        break;
    case SCENARIO_OUTAGE:
        error = simulation_outage(simulate->simulation, step->at_ms, step->until_ms);
        break;
    }
    return say_error(simulate, step, error);
}

static enum ctl_exit play_steps(struct simulate *simulate, const struct scenario *scenario)
{
    enum ctl_exit code = CTL_OK;
    for (size_t i = 0; i < scenario->step_count && code == CTL_OK; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        code = play_step(simulate, step, i);
        if (code == CTL_USAGE) {
            yaml_fail(simulate->faults, step->node, "this cannot be done");
            code = CTL_REFUSED;
        }
    }
    return code != CTL_OK
               ? code
               : say_error(simulate, NULL,
                           simulation_run_until(simulate->simulation, scenario->until_ms));
}

/* ---- a scenario */

static int make_people(struct simulate *simulate, const struct scenario_file *file,
                       const struct scenario *scenario)
{
    const struct org_setup setup = {.seed = 1};
    simulate->org = org_new(&setup);
    simulate->who = scenario_people_new(&simulate->arena, seal_hash128);
    int error = simulate->org == NULL || simulate->who == NULL ? ERR_MEMORY : 0;
    for (size_t i = 0; i < simulate->people_count && error == 0; i++) {
        error = scenario_people_add(simulate->who, simulate->people[i], simulate->faults);
    }
    const struct yaml_node *own[] = {file->directory, scenario->directory};
    for (size_t i = 0; i < 2 && error == 0; i++) {
        error = own[i] == NULL ? 0 : scenario_people_add(simulate->who, own[i], simulate->faults);
    }
    return error != 0 ? error : scenario_people_put(simulate->who, simulate->org, simulate->faults);
}

static enum ctl_exit play(struct simulate *simulate, const struct scenario_file *file,
                          const struct scenario *scenario)
{
    int error = make_people(simulate, file, scenario);
    if (error != 0) {
        return say_error(simulate, NULL, error);
    }
    const struct simulation_setup setup = {.org = simulate->org,
                                           .pack = simulate->pack,
                                           .start_ms = scenario->from_ms,
                                           .calls = {.signal = simulate_lines_signal,
                                                     .journal = simulate_lines_journal,
                                                     .notice = simulate_lines_notice,
                                                     .ctx = simulate->lines}};
    simulate->simulation = simulation_new(&setup);
    if (simulate->simulation == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    return play_steps(simulate, scenario);
}

/* ---- what is said of it */

static int by_text(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

static bool matches_any(struct str line, const struct str *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (simulate_lines_match(line, patterns[i])) {
            return true;
        }
    }
    return false;
}

/* The lines that are compared; sorted, since what is said at one instant has no order. */
static struct diff_lines shown(const struct simulate *simulate, const struct scenario *scenario)
{
    struct simulate_lines *lines = simulate->lines;
    struct diff_lines result = {.items = NULL};
    struct str *items = arena_alloc_array(lines->arena, lines->count, sizeof(*items));
    for (size_t i = 0; i < lines->count && items != NULL; i++) {
        if (scenario->show_count == 0 ||
            matches_any(lines->items[i], scenario->show, scenario->show_count)) {
            items[result.count++] = lines->items[i];
        }
    }
    if (items != NULL) {
        qsort(items, result.count, sizeof(*items), by_text);
    }
    result.items = items;
    return result;
}

struct verdict {
    struct diff_line *lines; /* of the comparison, then of what must never be, with a '!' */
    size_t count;
    bool is_same;
};

static int judge(struct simulate *simulate, const struct scenario *scenario,
                 struct verdict *ret_verdict)
{
    const struct diff_lines expected = {scenario->expect, scenario->expect_count};
    const struct diff_lines given = shown(simulate, scenario);
    struct simulate_lines *lines = simulate->lines;
    struct diff_line *made = NULL;
    size_t count = 0;
    int error = given.items == NULL ? ERR_MEMORY
                                    : diff_make(expected, given, &simulate->arena, &made, &count);
    struct diff_line *all = arena_alloc_array(&simulate->arena, count + lines->count, sizeof(*all));
    if (error != 0 || all == NULL) {
        return ERR_MEMORY;
    }
    ret_verdict->lines = all;
    ret_verdict->count = 0;
    ret_verdict->is_same = true;
    for (size_t i = 0; i < count; i++) {
        all[ret_verdict->count++] = made[i];
        ret_verdict->is_same = ret_verdict->is_same && made[i].sign == ' ';
    }
    for (size_t i = 0; i < lines->count; i++) {
        if (matches_any(lines->items[i], scenario->never, scenario->never_count)) {
            all[ret_verdict->count++] = (struct diff_line){'!', lines->items[i]};
            ret_verdict->is_same = false;
        }
    }
    return 0;
}

static void say_json(const struct scenario *scenario, const struct verdict *verdict)
{
    static const struct {
        char sign;
        const char *name;
    } lists[] = {{'-', "missing"}, {'+', "unexpected"}, {'!', "never"}};
    struct buffer text;
    buffer_init(&text, 1 << 24);
    buffer_add_text(&text, "{\"scenario\": ");
    buffer_add_json(&text, scenario->id);
    buffer_add_text(&text, ", \"file\": ");
    buffer_add_json(&text, str_of(scenario->place->path));
    buffer_format(&text, ", \"passed\": %s", verdict->is_same ? "true" : "false");
    for (size_t list = 0; list < 3; list++) {
        size_t written = 0;
        buffer_format(&text, ", \"%s\": [", lists[list].name);
        for (size_t i = 0; i < verdict->count; i++) {
            if (verdict->lines[i].sign == lists[list].sign) {
                buffer_add_text(&text, written++ == 0 ? "" : ", ");
                buffer_add_json(&text, verdict->lines[i].text);
            }
        }
        buffer_add_text(&text, "]");
    }
    ctl_say("%.*s}", (int)text.len, text.bytes);
    buffer_fini(&text);
}

static void say_text(const struct simulate *simulate, const struct scenario *scenario,
                     const struct verdict *verdict)
{
    const struct simulate_lines *lines = simulate->lines;
    bool is_quiet = ctl_option(simulate->ctl, "--quiet") != NULL;
    if (!is_quiet || !verdict->is_same) {
        ctl_say("%s %s:%u %.*s", verdict->is_same ? "passed" : "FAILED", scenario->place->path,
                scenario->place->line, (int)scenario->id.len, scenario->id.at);
    }
    for (size_t i = 0; i < lines->count && !is_quiet; i++) {
        ctl_say("  %.*s", (int)lines->items[i].len, lines->items[i].at);
    }
    if (!verdict->is_same && !is_quiet) {
        ctl_say("  differs:");
    }
    for (size_t i = 0; i < verdict->count && !verdict->is_same; i++) {
        ctl_say("  %c %.*s", verdict->lines[i].sign, (int)verdict->lines[i].text.len,
                verdict->lines[i].text.at);
    }
}

static enum ctl_exit compare(struct simulate *simulate, const struct scenario *scenario)
{
    struct verdict verdict = {.is_same = false};
    if (simulate->lines->is_cut || judge(simulate, scenario, &verdict) != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%.*s: too many lines", (int)scenario->id.len,
                        scenario->id.at);
    }
    simulate->passed += verdict.is_same ? 1 : 0;
    simulate->failed += verdict.is_same ? 0 : 1;
    if (simulate->ctl->json) {
        say_json(scenario, &verdict);
    } else {
        say_text(simulate, scenario, &verdict);
    }
    return CTL_OK;
}

static enum ctl_exit run_scenario(struct simulate *simulate, const struct scenario_file *file,
                                  const struct scenario *scenario)
{
    arena_reset(&simulate->arena);
    simulate->lines = arena_alloc(&simulate->arena, sizeof(*simulate->lines));
    if (simulate->lines == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    simulate->lines->arena = &simulate->arena;
    simulate->lines->json = simulate->ctl->json;
    simulate->lines->scenario = scenario->id;
    simulate->command_count = 0;
    enum ctl_exit code = play(simulate, file, scenario);
    code = code == CTL_OK ? compare(simulate, scenario) : code;
    simulation_free(simulate->simulation);
    org_free(simulate->org);
    simulate->simulation = NULL;
    simulate->org = NULL;
    return code;
}

/* ---- files and totals */

static const char *path_beside(struct simulate *simulate, const char *path, struct str name)
{
    char text[4096];
    struct str copy = arena_copy_str(&simulate->ctl->arena, str_of(path));
    if (copy.at == NULL) {
        return NULL;
    }
    (void)snprintf(text, sizeof(text), "%s/%.*s", dirname((char *)(uintptr_t)copy.at),
                   (int)name.len, name.at);
    return arena_copy_str(&simulate->ctl->arena, str_of(text)).at;
}

static int read_text(struct simulate *simulate, const char *path, struct str *ret_text)
{
    int error = path == NULL ? ERR_MEMORY
                             : ctl_read_file(simulate->ctl, path, YAML_FILE_MAX_BYTES, ret_text);
    if (error != 0) {
        (void)ctl_fail(CTL_REFUSED, "%s: %s", path == NULL ? "" : path, error_text(error));
    }
    return error;
}

static int read_people(struct simulate *simulate, const char *path,
                       const struct scenario_file *file)
{
    int error = 0;
    simulate->people_count = 0;
    for (size_t i = 0; i < file->people_count && error == 0; i++) {
        struct str text;
        const char *beside = path_beside(simulate, path, file->people[i]);
        error = read_text(simulate, beside, &text);
        error = error != 0 ? error
                           : yaml_parse(beside, text, &simulate->ctl->arena, simulate->faults,
                                        &simulate->people[simulate->people_count++]);
    }
    return error;
}

static enum ctl_exit run_file(struct simulate *simulate, const char *path)
{
    struct scenario_file file = {.count = 0};
    struct str text;
    int error = read_text(simulate, path, &text);
    error = error != 0 ? error
                       : scenario_read(path, text, &simulate->ctl->arena, simulate->faults, &file);
    error = error != 0 ? error : read_people(simulate, path, &file);
    enum ctl_exit worst = error == 0 ? CTL_OK : error == ERR_MEMORY ? CTL_UNAVAILABLE : CTL_REFUSED;
    for (size_t i = 0; i < file.count && error == 0; i++) {
        enum ctl_exit code = run_scenario(simulate, &file, &file.scenarios[i]);
        worst = code > worst ? code : worst;
    }
    return worst;
}

static enum ctl_exit run_files(struct simulate *simulate)
{
    enum ctl_exit worst = CTL_OK;
    for (size_t i = 0; i < simulate->ctl->word_count; i++) {
        enum ctl_exit code = run_file(simulate, simulate->ctl->words[i]);
        worst = code > worst ? code : worst;
    }
    ctl_say(simulate->ctl->json ? "{\"passed\": %zu, \"failed\": %zu}" : "%zu passed, %zu failed",
            simulate->passed, simulate->failed);
    if (simulate->faults->count > 0) {
        return ctl_tell_faults(simulate->faults, "scenario");
    }
    return worst != CTL_OK || simulate->failed == 0 ? worst : CTL_REFUSED;
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct pack *pack = NULL;
    const char *folder = ctl_option(ctl, "--pack");
    struct simulate *simulate = arena_alloc(&ctl->arena, sizeof(*simulate));
    struct yaml_faults *faults = arena_alloc(&ctl->arena, sizeof(*faults));
    if (simulate == NULL || faults == NULL) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    enum ctl_exit code = ctl_pack_open(ctl, folder == NULL ? PACK_DEFAULT : folder, &pack);
    if (code == CTL_OK) {
        *simulate = (struct simulate){.ctl = ctl, .pack = pack, .faults = faults};
        arena_init(&simulate->arena, SCENARIO_ARENA_BYTES);
        code = run_files(simulate);
        arena_fini(&simulate->arena);
        pack_free(pack);
    }
    return code;
}

static const struct ctl_option options[] = {
    {"--pack", "PACK", "folder of the pack (" PACK_DEFAULT ")"},
    {"--quiet", NULL, "only what differs, not what happened"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_simulate = {
    .name = "simulate",
    .arguments = "SCENARIO \xe2\x80\xa6",
    .help = "Play scenarios under virtual time: who is told when, and what must be done by when.",
    .options = options,
    .run = run,
};
