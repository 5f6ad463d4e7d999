/* swctl expr eval: the value of an expression, as rules would compute it, over values that are given. */
#include "core/expr/expr.h"
#include "ctl/commands.h"
#include "wire/expr_json.h"
#include "wire/json.h"
#include "wire/zone_file.h"

enum { BINDINGS_MAX_BYTES = JSON_TEXT_MAX_BYTES, COST_MAX = 10000000 };

/* The text of --bindings, or of the file behind its "@". */
static enum ctl_exit read_bindings(struct ctl *ctl, struct json_t **ret_json)
{
    const char *option = ctl_option(ctl, "--bindings");
    struct str text = str_of(option);
    struct fault fault;
    *ret_json = NULL;
    if (option == NULL) {
        return CTL_OK;
    }
    if (option[0] == '@') {
        int error = ctl_read_file(ctl, option + 1, BINDINGS_MAX_BYTES, &text);
        if (error != 0) {
            return ctl_fail(CTL_USAGE, "%s: %s", option + 1, error_text(error));
        }
    }
    return json_parse_text(text, &fault, ret_json) == 0
               ? CTL_OK
               : ctl_fail(CTL_USAGE, "--bindings: not well-formed JSON");
}

static void say_json_text(struct buffer *text, const char *name, struct str value)
{
    buffer_format(text, "%s\"%s\": ", text->len > 1 ? ", " : "", name);
    buffer_add_json(text, value);
}

static enum ctl_exit refuse(const struct ctl *ctl, const struct expr_error *error)
{
    if (!ctl->json) {
        return ctl_fail(CTL_REFUSED, "%u:%u: %s", error->line, error->column, error->text);
    }
    struct buffer text;
    buffer_init(&text, 1 << 16);
    buffer_add_text(&text, "{");
    say_json_text(&text, "error", str_of(error->text));
    ctl_say("%.*s, \"line\": %u, \"column\": %u}", (int)text.len, text.bytes, error->line,
            error->column);
    buffer_fini(&text);
    return CTL_REFUSED;
}

static enum ctl_exit say_value(struct ctl *ctl, const struct expr_value *value)
{
    struct str shown;
    if (value->kind == EXPR_ERROR) {
        const char *fault = expr_fault_text(value->fault);
        if (!ctl->json) {
            return ctl_fail(CTL_REFUSED, "no value: %s", fault);
        }
        ctl_say("{\"error\": \"%s\"}", fault);
        return CTL_REFUSED;
    }
    if (expr_value_write(value, &ctl->arena, &shown) != 0) {
        return ctl_fail(CTL_REFUSED, "the value cannot be shown: too large, or nested too deeply");
    }
    if (ctl->json) {
        ctl_say("{\"type\": \"%s\", \"value\": %.*s}", expr_kind_name(value->kind), (int)shown.len,
                shown.at);
    } else {
        ctl_say("%.*s", (int)shown.len, shown.at);
    }
    return CTL_OK;
}

static enum ctl_exit evaluate(struct ctl *ctl, const struct json_t *json)
{
    struct expr_env env;
    struct expr_error error;
    const struct expr_value *bindings = NULL;
    const struct expr *expr = NULL;
    if (expr_bindings_of_json(json, &ctl->arena, &env, &bindings) != 0) {
        return ctl_fail(CTL_USAGE, "--bindings: expected an object of at most %d names",
                        EXPR_VARIABLES_MAX);
    }
    env.find_zone = zone_file_find;
    env.zone_ctx = &ctl->arena;
    int code = expr_compile(str_of(ctl->words[0]), &env, &ctl->arena, &error, &expr);
    if (code == ERR_INVALID) {
        return refuse(ctl, &error);
    }
    if (code != 0) {
        return ctl_fail(CTL_UNAVAILABLE, "%s", error_text(code));
    }
    const struct expr_run run = {.bindings = bindings, .arena = &ctl->arena, .cost_max = COST_MAX};
    struct expr_value value = expr_evaluate(expr, &run);
    return say_value(ctl, &value);
}

static enum ctl_exit run(struct ctl *ctl)
{
    struct json_t *json = NULL;
    enum ctl_exit code = read_bindings(ctl, &json);
    code = code != CTL_OK ? code : evaluate(ctl, json);
    json_drop(json);
    return code;
}

static const struct ctl_option options[] = {
    {"--bindings", "JSON", "an object of names and their values, or @FILE with one"},
    {NULL, NULL, NULL},
};

const struct ctl_command ctl_command_expr_eval = {
    .name = "expr eval",
    .arguments = "EXPR",
    .help = "Evaluate an expression of the rules' language and print its value as JSON.",
    .options = options,
    .run = run,
};
