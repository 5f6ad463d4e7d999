/* swctl import screening|attendance: a CSV file through intake, in pieces.
 *
 * The file is read twice. The first reading counts its rows and, with --live, judges them in memory, so that who would be
 * contacted is known before anything is sent. The second sends them by our names, each with its number in the file and how
 * many equal rows stand before it: so every piece gives the ids that the whole file would. What breaks off can be imported
 * again from the start. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/import_preview.h"
#include "ctl/import_send.h"
#include "ctl/pack_open.h"
#include "io/loop.h"
#include "io/seal.h"
#include "wire/import_map.h"

enum { READ_BYTES = 64 * 1024, UNIT_MAX_BYTES = EVENT_UNIT_MAX_BYTES };

struct import_file {
    struct ctl *ctl;
    const char *path;
    struct import_options options;
    const struct import_map *map;
    struct import_view *view; /* of the reading in hand */
    struct preview *preview;  /* NULL: nobody is asked */
    struct import_send *send; /* NULL: the first reading */
    size_t row_count;
};

/* --- Reading --------------------------------------------------------------------------------------------------------- */

/* A row that is not sent. The first reading says nothing of it. */
static void tell_fault(struct import_file *import, const struct import_problem *problem)
{
    if (import->send != NULL) {
        import_send_problem(import->send, problem);
    }
}

static enum ctl_exit take_header(struct import_file *import, const struct csv_row *row)
{
    struct import_fault fault = {.reason = REJECT_NONE};
    int error = import_view_new(import->map, row, &fault, &import->view);
    if (error == 0 && import->send != NULL) {
        error = import_send_header(import->send, import->view);
    }
    if (error == 0 && import->send == NULL && import->preview != NULL) {
        struct csv_row ours = import_view_header(import->view);
        error = preview_header(import->preview, &ours, &fault);
        if (error == ERR_INVALID) {
            struct str name = fault.column > 0 ? ours.fields[fault.column - 1] : fault.name;
            return ctl_fail(CTL_REFUSED, "%s: the header: %.*s: %s", import->path, (int)name.len,
                            name.len == 0 ? "" : name.at, reject_reason_text(fault.reason));
        }
    }
    if (error == ERR_INVALID) {
        return ctl_fail(CTL_REFUSED, "%s: the header lacks, or has twice, the column %.*s",
                        import->path, (int)fault.name.len, fault.name.at);
    }
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

static enum ctl_exit take_row(struct import_file *import, const struct csv_row *row)
{
    struct import_fault fault = {.reason = REJECT_NONE};
    struct csv_row ours;
    if (import->view == NULL) {
        return take_header(import, row);
    }
    import->row_count += import->send == NULL ? 1 : 0;
    int error = import_view_row(import->view, row, &fault, &ours);
    if (error == ERR_INVALID) {
        tell_fault(import, &(struct import_problem){.row = row->number, .reason = fault.reason});
        return CTL_OK;
    }
    if (error == 0 && import->send != NULL) {
        return import_send_row(import->send, &ours);
    }
    if (error == 0 && import->preview != NULL) {
        error = preview_row(import->preview, &ours);
    }
    return error == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "%s", error_text(error));
}

static enum ctl_exit take_bad(struct import_file *import, const struct csv_fault *bad)
{
    if (import->view == NULL) {
        return ctl_fail(CTL_REFUSED, "%s: the header, row %zu: %s", import->path, bad->row,
                        reject_reason_text(bad->reason));
    }
    import->row_count += import->send == NULL ? 1 : 0;
    tell_fault(import, &(struct import_problem){.row = bad->row,
                                                .column = bad->column,
                                                .lines = bad->lines,
                                                .reason = bad->reason});
    return CTL_OK;
}

static enum ctl_exit read_rows(struct import_file *import, FILE *file, struct csv *csv)
{
    static char piece[READ_BYTES];
    enum ctl_exit code = CTL_OK;
    enum csv_result result = CSV_MORE;
    while (code == CTL_OK && result != CSV_END) {
        struct csv_row row;
        struct csv_fault bad;
        result = csv_next(csv, &row, &bad);
        if (result == CSV_MORE) {
            size_t got = fread(piece, 1, sizeof(piece), file);
            if (got > 0) {
                csv_feed(csv, (struct str){piece, got});
            } else if (ferror(file) != 0) {
                code = ctl_fail(CTL_UNAVAILABLE, "%s: %s", import->path, strerror(errno));
            } else {
                csv_end(csv);
            }
        } else if (result != CSV_END) {
            code = result == CSV_ROW ? take_row(import, &row) : take_bad(import, &bad);
        }
    }
    if (code == CTL_OK && import->view == NULL) {
        code = ctl_fail(CTL_REFUSED, "%s: no header, no rows", import->path);
    }
    return code == CTL_OK && import->send != NULL ? import_send_rest(import->send) : code;
}

/* Once through the file. */
static enum ctl_exit read_file(struct import_file *import)
{
    struct csv *csv = NULL;
    FILE *file = fopen(import->path, "re");
    if (file == NULL) {
        return ctl_fail(CTL_USAGE, "%s: %s", import->path, strerror(errno));
    }
    enum ctl_exit code = csv_new(&csv) == 0 ? read_rows(import, file, csv)
                                            : ctl_fail(CTL_UNAVAILABLE, "out of memory");
    csv_free(csv);
    (void)fclose(file); /* only read */
    import_view_free(import->view);
    import->view = NULL;
    return code;
}

/* --- Live ------------------------------------------------------------------------------------------------------------ */

/* The person at the terminal says yes, or nothing is sent. */
static enum ctl_exit confirm(struct import_file *import)
{
    char answer[16] = "";
    if (ctl_option(import->ctl, "--yes") != NULL) {
        return CTL_OK;
    }
    if (import->ctl->json || isatty(STDIN_FILENO) == 0) {
        return ctl_fail(CTL_USAGE,
                        "nothing was sent: without a terminal to ask, --live wants --yes");
    }
    fprintf(stderr, "Import live, and contact them? Type yes: ");
    bool is_yes = fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
    return is_yes ? CTL_OK : ctl_fail(CTL_REFUSED, "nothing was sent");
}

/* Who would be contacted, and whether they shall be. `contacts`: the counts as JSON, for the outcome. */
static enum ctl_exit ask(struct import_file *import, struct buffer *contacts)
{
    preview_write(import->preview, import->ctl->json, contacts);
    if (contacts->overflowed) {
        return ctl_fail(CTL_UNAVAILABLE, "out of memory");
    }
    if (!import->ctl->json) {
        ctl_say("Would be contacted, by the rules of the active pack:");
        (void)fwrite(contacts->bytes, 1, contacts->len, stdout);
        (void)fflush(stdout);
    }
    return confirm(import);
}

static enum ctl_exit first_reading(struct import_file *import, struct buffer *contacts)
{
    const struct preview_setup setup = {.family = import->options.family,
                                        .unit = import->options.unit,
                                        .is_made_up = import->options.is_made_up};
    enum ctl_exit code = CTL_OK;
    if (import->options.is_live) {
        code = preview_new(import->ctl, &setup, &import->preview);
    }
    code = code != CTL_OK ? code : read_file(import);
    if (code == CTL_OK && import->preview != NULL) {
        code = ask(import, contacts);
    }
    preview_free(import->preview);
    import->preview = NULL;
    return code;
}

static enum ctl_exit second_reading(struct import_file *import, struct str contacts)
{
    import->options.row_count = import->row_count;
    enum ctl_exit code =
        import_send_new(import->ctl, import->path, &import->options, &import->send);
    if (code != CTL_OK) {
        return code;
    }
    code = read_file(import);
    code = import_send_end(import->send, code, contacts);
    import_send_free(import->send);
    return code;
}

/* --- The command ----------------------------------------------------------------------------------------------------- */

static enum ctl_exit read_map(struct import_file *import)
{
    const char *path = ctl_option(import->ctl, "--map");
    struct yaml_faults *faults = arena_alloc(&import->ctl->arena, sizeof(*faults));
    struct str content;
    if (path == NULL || faults == NULL) {
        return faults == NULL ? ctl_fail(CTL_UNAVAILABLE, "out of memory") : CTL_OK;
    }
    int error = ctl_read_file(import->ctl, path, IMPORT_MAP_MAX_BYTES, &content);
    if (error != 0) {
        return ctl_fail(CTL_USAGE, "%s: %s", path, error_text(error));
    }
    error = import_map_read(path, content, &import->ctl->arena, faults, &import->map);
    if (faults->count > 0) {
        return ctl_tell_faults(faults, path);
    }
    if (error != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s: %s", path, error_text(error));
    }
    return import_map_family(import->map) == import->options.family
               ? CTL_OK
               : ctl_fail(CTL_USAGE, "%s is a map of %s", path,
                          event_family_name(import_map_family(import->map)));
}

static enum ctl_exit read_options(struct ctl *ctl, struct import_options *options)
{
    const char *subjects = ctl_option(ctl, "--subjects");
    options->unit = ctl_option(ctl, "--unit");
    options->is_live = ctl_option(ctl, "--live") != NULL;
    options->is_made_up = subjects != NULL;
    if (subjects != NULL && strcmp(subjects, "made-up") != 0) {
        return ctl_fail(CTL_USAGE, "--subjects: expected made-up");
    }
    if (options->unit == NULL || options->unit[0] == '\0' ||
        strlen(options->unit) > UNIT_MAX_BYTES ||
        strspn(options->unit, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(options->unit)) {
        return ctl_fail(CTL_USAGE, "--unit wants a unit id, [a-z0-9-]");
    }
    return seal_init() == 0 ? CTL_OK : ctl_fail(CTL_UNAVAILABLE, "no entropy");
}

static enum ctl_exit run(struct ctl *ctl, enum event_family family)
{
    struct import_file import = {.ctl = ctl, .path = ctl->words[0], .options = {.family = family}};
    struct buffer contacts;
    buffer_init(&contacts, 1 << 20);
    enum ctl_exit code = read_options(ctl, &import.options);
    code = code != CTL_OK ? code : read_map(&import);
    code = code != CTL_OK ? code : first_reading(&import, &contacts);
    code = code != CTL_OK ? code : second_reading(&import, buffer_str(&contacts));
    buffer_fini(&contacts);
    return code;
}

static enum ctl_exit run_screening(struct ctl *ctl)
{
    return run(ctl, EVENT_FAMILY_SCREENING);
}

static enum ctl_exit run_attendance(struct ctl *ctl)
{
    return run(ctl, EVENT_FAMILY_ATTENDANCE);
}

static const struct ctl_option options[] = {
    {"--unit", "U", "the unit of rows that name none (needed)"},
    {"--map", "FILE", "which of the file's columns is which of ours (config/imports)"},
    {"--subjects", "made-up", "the rows name nobody: number them as made-up students"},
    {"--live", NULL, "contact whom the rules call, after telling who that is; else it is history"},
    {"--yes", NULL, "do not ask before a live import"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_import_screening = {
    .name = "import screening",
    .arguments = "FILE",
    .help = "Send a CSV file of answers to intake: as history, or live.",
    .options = options,
    .run = run_screening,
};

const struct ctl_command ctl_command_import_attendance = {
    .name = "import attendance",
    .arguments = "FILE",
    .help = "Send a CSV file of rolls to intake: as history, or live.",
    .options = options,
    .run = run_attendance,
};
