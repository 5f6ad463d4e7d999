/* The paths of the console: pages, sign-in, the API behind the pages. Each handler answers once, at once or later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/bureau.h"
#include "console/feed.h"
#include "console/visit.h"
#include "core/disclose/audience.h"
#include "io/log.h"
#include "io/seal.h"

enum { VIEW_BYTES_MAX = 4 << 20, ARENA_BYTES = 1 << 20, READING_MS = 600000 };

static void redirect(struct http_request *request, const char *where, const char *cookie)
{
    struct http_header_pair headers[] = {{"Location", where}, {"Set-Cookie", cookie}};
    http_reply(request, &(struct http_answer){.status = 303,
                                              .headers = headers,
                                              .header_count = cookie == NULL ? 1 : 2});
}

/* --- Pages ------------------------------------------------------------------------------------------------------- */

extern const unsigned char page_board[], page_case[], page_login[], page_sla[];
extern const size_t page_board_size, page_case_size, page_login_size, page_sla_size;

static void show_board(struct http_request *request, void *ctx)
{
    struct session session;
    if (visit_signed_in(ctx, request, &session)) {
        visit_reply_page(request, page_board, page_board_size);
    } else {
        redirect(request, "/login", NULL);
    }
}

static void show_case(struct http_request *request, void *ctx)
{
    struct session session;
    if (visit_signed_in(ctx, request, &session)) {
        visit_reply_page(request, page_case, page_case_size);
    } else {
        redirect(request, "/login", NULL);
    }
}

static void show_sla(struct http_request *request, void *ctx)
{
    struct session session;
    if (visit_signed_in(ctx, request, &session)) {
        visit_reply_page(request, page_sla, page_sla_size);
    } else {
        redirect(request, "/login", NULL);
    }
}

static void show_login(struct http_request *request, void *ctx)
{
    (void)ctx;
    visit_reply_page(request, page_login, page_login_size);
}

/* --- Sign-in ------------------------------------------------------------------------------------------------------- */

static void checked(bool good, void *ctx)
{
    struct visit *visit = ctx;
    char cookie[1024];
    if (good && session_cookie(visit->console->keyring, str_of(visit->session.login),
                               visit->console->secure_cookies, cookie)) {
        redirect(visit->request, "/", cookie);
    } else {
        redirect(visit->request, "/login?wrong=1", NULL);
    }
    log_info("sign_in", log_code("good", good ? "yes" : "no"));
    free(visit);
}

static void sign_in_form(struct http_request *request, void *ctx)
{
    struct console *console = ctx;
    const char *login = http_form(request, "login");
    const char *password = http_form(request, "password");
    if (login == NULL || password == NULL) {
        redirect(request, "/login?wrong=1", NULL);
        return;
    }
    const struct org_user *user = org_find_user(tables_org(console->tables), str_of(login));
    struct session session = {.login = ""};
    snprintf(session.login, sizeof(session.login), "%s", user == NULL ? "" : login);
    struct visit *visit = visit_new(console, request, &session);
    if (visit == NULL) {
        return;
    }
    struct str text = user == NULL ? (struct str){NULL, 0} : user->password;
    if (sign_in_check(console->sign_in, text, str_of(password), checked, visit) != 0) {
        free(visit);
        http_reply_text(request, 503, "too many sign-ins: try again");
    }
}

static void sign_out(struct http_request *request, void *ctx)
{
    struct console *console = ctx;
    char cookie[1024];
    if (!session_cookie(console->keyring, str_of(""), console->secure_cookies, cookie)) {
        cookie[0] = '\0';
    }
    redirect(request, "/login", cookie);
}

/* --- Views ------------------------------------------------------------------------------------------------------- */

static void board_read(const struct model_answer *answer, void *ctx)
{
    struct visit *visit = ctx;
    struct buffer buffer;
    struct json_out out;
    struct model_answer shown = *answer;
    if (answer->error != 0) {
        shown = (struct model_answer){.stale = true, .as_of_ms = 0};
    }
    buffer_init(&buffer, VIEW_BYTES_MAX);
    json_out_init(&out, &buffer);
    struct view view = visit_view(visit, str_of(visit->session.unit), str_of(""));
    view_board(&view, &shown, &out);
    visit_reply(visit, &buffer);
    free(visit);
}

static void get_board(struct http_request *request, void *ctx)
{
    struct console *console = ctx;
    struct visit *visit = visit_begin(console, request);
    if (visit != NULL) {
        struct str units[MODEL_UNITS_MAX];
        size_t count = visit_list_units(visit, units);
        model_ask_board(console->model, str_of(visit->session.unit), units, count, board_read,
                        visit);
    }
}

/* Whether the user opens the case for the first time in a while: a page that follows a case asks every second. */
static bool is_first_reading(struct console *console, const char *login, const char *case_hex)
{
    int64_t now_ms = loop_monotonic_ms();
    for (size_t i = 0; i < CONSOLE_READINGS_MAX; i++) {
        struct console_reading *reading = &console->readings[i];
        if (strcmp(reading->login, login) == 0 && strcmp(reading->case_hex, case_hex) == 0 &&
            now_ms - reading->at_ms < READING_MS) {
            return false;
        }
    }
    struct console_reading *oldest =
        &console->readings[console->next_reading++ % CONSOLE_READINGS_MAX];
    snprintf(oldest->login, sizeof(oldest->login), "%s", login);
    snprintf(oldest->case_hex, sizeof(oldest->case_hex), "%s", case_hex);
    oldest->at_ms = now_ms;
    return true;
}

static void read_journalled(enum actions_outcome outcome, struct str reason, void *ctx)
{
    (void)reason;
    (void)ctx;
    if (outcome == ACTIONS_UNAVAILABLE) {
        log_warn("read_not_journalled");
    }
}

/* A person read a person's data: a command, so that the escalator writes the line (个人信息保护法 54). */
static void journal_read(struct visit *visit, const char *case_hex)
{
    struct ident id;
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    Shouwang__V1__Read read = SHOUWANG__V1__READ__INIT;
    if (!ident_parse(str_of(case_hex), &id)) {
        return;
    }
    read.what = (char *)(uintptr_t) "case";
    command.unit = visit->unit;
    command.case_id = (ProtobufCBinaryData){IDENT_BYTES, id.bytes};
    command.actor = visit->session.person;
    command.actor_role = (char *)(uintptr_t)visit_role(visit);
    command.via = (char *)(uintptr_t) "console";
    command.action_case = SHOUWANG__V1__COMMAND__ACTION_READ;
    command.read = &read;
    if (actions_send(visit->console->actions, &command, read_journalled, NULL) != 0) {
        log_warn("read_not_journalled");
    }
}

/* The unit of the case and whether the visitor is of its team; false: there is no such case now. */
static bool learn_case(struct visit *visit, const struct model_answer *answer)
{
    bool is_there = answer->error == 0 && answer->count > 0 &&
                    view_unit_of(answer->items[0], str_of(visit->session.person), loop_utc_ms(),
                                 visit->unit, &visit->is_member);
    visit->is_member &= !answer->stale; /* who has been taken off since sees nothing */
    return is_there;
}

static bool may_see(const struct visit *visit)
{
    return visit->is_member ||
           session_covers(tables_org(visit->console->tables), &visit->session, str_of(visit->unit));
}

static void case_read(const struct model_answer *answer, void *ctx)
{
    struct visit *visit = ctx;
    if (!learn_case(visit, answer)) {
        http_reply_text(visit->request, answer->error == ERR_NOT_FOUND ? 404 : 503,
                        error_text(answer->error));
    } else if (!may_see(visit)) {
        http_reply_text(visit->request, 404,
                        error_text(ERR_NOT_FOUND)); /* not even that it exists */
    } else {
        struct buffer buffer;
        struct json_out out;
        buffer_init(&buffer, VIEW_BYTES_MAX);
        json_out_init(&out, &buffer);
        struct view view = visit_view(visit, str_of(visit->unit), str_of(""));
        if (is_first_reading(visit->console, visit->session.login,
                             http_param(visit->request, "id"))) {
            journal_read(visit, http_param(visit->request, "id"));
        }
        buffer.overflowed = !view_case(&view, answer, &out) || buffer.overflowed;
        visit_reply(visit, &buffer);
    }
    free(visit);
}

static void get_case(struct http_request *request, void *ctx)
{
    struct console *console = ctx;
    struct visit *visit = visit_begin(console, request);
    if (visit != NULL) {
        model_ask_case(console->model, str_of(http_param(request, "id")), case_read, visit);
    }
}

static void get_stream(struct http_request *request, void *ctx)
{
    struct console *console = ctx;
    struct session session;
    if (!visit_signed_in(console, request, &session)) {
        http_reply_text(request, 401, "sign in");
        return;
    }
    live_open(console->live, request, str_of(session.unit), str_of(http_query(request, "case")));
}

/* --- Actions ----------------------------------------------------------------------------------------------------- */

static void reply_outcome(struct http_request *request, const char *outcome, struct str reason)
{
    struct buffer buffer;
    struct json_out out;
    buffer_init(&buffer, 4096);
    json_out_init(&out, &buffer);
    json_out_object(&out, NULL);
    json_out_text(&out, "outcome", outcome);
    json_out_str(&out, "reason", reason);
    json_out_end_object(&out);
    http_reply_json(request, 200, buffer_str(&buffer));
    buffer_fini(&buffer);
}

static void acted(enum actions_outcome outcome, struct str reason, void *ctx)
{
    static const char *const names[] = {[ACTIONS_APPLIED] = "applied",
                                        [ACTIONS_REFUSED] = "refused",
                                        [ACTIONS_PENDING] = "pending",
                                        [ACTIONS_UNAVAILABLE] = "unavailable"};
    struct visit *visit = ctx;
    reply_outcome(visit->request, names[outcome], reason);
    free(visit);
}

/* Builds and sends; the reply is the outcome. */
static void build_and_send(struct visit *visit, struct arena *arena)
{
    struct http_request *request = visit->request;
    Shouwang__V1__Command command = SHOUWANG__V1__COMMAND__INIT;
    const char *bad_field = "case";
    struct ident id;
    command.unit = visit->unit;
    command.actor = visit->session.person;
    command.actor_role = (char *)(uintptr_t)visit_role(visit);
    command.via = (char *)(uintptr_t) "console";
    int error = ident_parse(str_of(http_param(request, "id")), &id) ? 0 : ERR_INVALID;
    command.case_id = (ProtobufCBinaryData){IDENT_BYTES, id.bytes};
    if (error == 0) {
        error = actions_fill(visit->console, http_param(request, "action"), request, arena,
                             &command, &bad_field);
    }
    if (error == 0) {
        error = actions_send(visit->console->actions, &command, acted, visit);
    }
    if (error == ERR_INVALID) {
        reply_outcome(request, "refused", str_of(bad_field));
    } else if (error != 0) {
        reply_outcome(request, "unavailable", str_of(error_text(error)));
    }
    if (error != 0) {
        free(visit);
    }
}

static void act(struct visit *visit)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    build_and_send(visit, &arena);
    arena_fini(&arena);
}

/* From elsewhere in the organisation: only on a case of whose team one is. */
static void case_asked(const struct model_answer *answer, void *ctx)
{
    struct visit *visit = ctx;
    if (learn_case(visit, answer) && may_see(visit)) {
        act(visit);
        return;
    }
    http_reply_text(visit->request, 403, "not in your part of the organisation");
    free(visit);
}

static void post_action(struct http_request *request, void *ctx)
{
    struct console *console = ctx;
    struct session session;
    const char *unit = http_form(request, "unit");
    /* The header cannot be set by a form of another site. */
    if (http_header(request, "X-Requested-With") == NULL ||
        !visit_signed_in(console, request, &session)) {
        http_reply_text(request, 401, "sign in");
        return;
    }
    if (unit == NULL) {
        http_reply_text(request, 403, "not in your part of the organisation");
        return;
    }
    struct visit *visit = visit_new(console, request, &session);
    if (visit == NULL) {
        return;
    }
    snprintf(visit->unit, sizeof(visit->unit), "%s", unit);
    if (may_see(visit)) {
        act(visit);
    } else {
        model_ask_case(console->model, str_of(http_param(request, "id")), case_asked, visit);
    }
}

/* --- The table --------------------------------------------------------------------------------------------------- */

extern const unsigned char page_style[], page_words[], page_board_js[], page_case_js[],
    page_login_js[], page_sla_js[], page_form_js[];
extern const size_t page_style_size, page_words_size, page_board_js_size, page_case_js_size,
    page_login_js_size, page_sla_js_size, page_form_js_size;

static int add_files(struct console *console)
{
    const char *script = "text/javascript; charset=utf-8";
    const char *style = "text/css; charset=utf-8";
    const struct http_file files[] = {
        {"/static/style.css", style, {(const char *)page_style, page_style_size}},
        {"/static/words.js", script, {(const char *)page_words, page_words_size}},
        {"/static/board.js", script, {(const char *)page_board_js, page_board_js_size}},
        {"/static/case.js", script, {(const char *)page_case_js, page_case_js_size}},
        {"/static/login.js", script, {(const char *)page_login_js, page_login_js_size}},
        {"/static/form.js", script, {(const char *)page_form_js, page_form_js_size}},
        {"/static/sla.js", script, {(const char *)page_sla_js, page_sla_js_size}},
    };
    return http_server_files(console->http, files, sizeof(files) / sizeof(files[0]), "no-cache");
}

int console_add_routes(struct console *console)
{
    const struct http_route routes[] = {
        {"GET", "/", show_board, console, 0},
        {"GET", "/case/:id", show_case, console, 0},
        {"GET", "/sla", show_sla, console, 0},
        {"GET", "/login", show_login, console, 0},
        {"POST", "/login", sign_in_form, console, 4096},
        {"POST", "/logout", sign_out, console, 4096},
        {"GET", "/api/board", get_board, console, 0},
        {"GET", "/v1/feed", feed_get, console->feed, 0},
        {"GET", "/api/sla", bureau_get_sla, console, 0},
        {"GET", "/api/breaches", bureau_get_breaches, console, 0},
        {"GET", "/api/ledger.csv", bureau_get_ledger, console, 0},
        {"GET", "/api/cases/:id", get_case, console, 0},
        {"GET", "/api/stream", get_stream, console, 0},
        {"POST", "/api/cases/:id/:action", post_action, console, 64 * 1024},
        {"GET", "/a/:token", ack_page_show, console, 0},
        {"POST", "/a/:token", ack_page_act, console, 4096},
    };
    int error = http_server_route(console->http, routes, sizeof(routes) / sizeof(routes[0]));
    return error != 0 ? error : add_files(console);
}
