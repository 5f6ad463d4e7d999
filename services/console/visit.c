#include "console/visit.h"

#include <stdlib.h>

#include "core/disclose/audience.h"

struct visit *visit_new(struct console *console, struct http_request *request,
                        const struct session *session)
{
    struct visit *visit = calloc(1, sizeof(*visit));
    if (visit == NULL) {
        http_reply_text(request, 503, "out of memory");
        return NULL;
    }
    visit->console = console;
    visit->request = request;
    visit->session = *session;
    return visit;
}

bool visit_signed_in(struct console *console, struct http_request *request,
                     struct session *ret_session)
{
    return session_of(tables_org(console->tables), console->keyring, request, ret_session);
}

void visit_reply_page(struct http_request *request, const unsigned char *bytes, size_t size)
{
    static const struct http_header_pair headers[] = {
        {"Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; "
                                    "frame-ancestors 'none'; form-action 'self'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-store"}};
    http_reply(request, &(struct http_answer){.status = 200,
                                              .content_type = "text/html; charset=utf-8",
                                              .body = {(const char *)bytes, size},
                                              .headers = headers,
                                              .header_count = 4});
}

static bool open_value(struct str unit, const Shouwang__V1__Sealed *sealed, char *ret_text,
                       size_t size, void *ctx)
{
    const struct visit *visit = ctx;
    return console_open(visit->console, unit, sealed, ret_text, size);
}

static const struct policy_obligation *find_obligation(const struct pack *pack, const char *id)
{
    for (size_t p = 0; p < pack->policies.count; p++) {
        const struct policy *policy = &pack->policies.policies[p];
        for (size_t o = 0; o < policy->obligation_count; o++) {
            if (str_is(policy->obligations[o].id, id)) {
                return &policy->obligations[o];
            }
        }
    }
    return NULL;
}

/* The evidence that the obligation wants, by the pack that the case is pinned to. */
static void put_shape(struct json_out *out, const Shouwang__V1__Case *record,
                      const char *obligation, void *ctx)
{
    const struct visit *visit = ctx;
    if (record->pack.len != PACK_HASH_BYTES) {
        return;
    }
    const struct pack *pack =
        pack_store_find(tables_packs(visit->console->tables), record->pack.data);
    const struct policy_obligation *found = pack == NULL ? NULL : find_obligation(pack, obligation);
    for (size_t e = 0; found != NULL && e < found->evidence_count; e++) {
        json_out_object(out, NULL);
        json_out_str(out, "key", found->evidence[e].key);
        json_out_bool(out, "optional", found->evidence[e].optional);
        json_out_array(out, "codes");
        for (size_t c = 0; c < found->evidence[e].codes.count; c++) {
            json_out_str(out, NULL, found->evidence[e].codes.items[c]);
        }
        json_out_end_array(out);
        json_out_end_object(out);
    }
}

const char *visit_role(const struct visit *visit)
{
    const struct org *org = tables_org(visit->console->tables);
    struct str unit = str_of(visit->unit);
    enum org_role role = session_covers(org, &visit->session, unit)
                             ? session_role(org, &visit->session, unit, str_of(""))
                             : ORG_ROLE_NONE;
    return role == ORG_ROLE_NONE && visit->is_member ? "team_member" : org_role_id(role);
}

struct view visit_view(struct visit *visit, struct str unit, struct str subject)
{
    const struct org *org = tables_org(visit->console->tables);
    enum org_role role = session_role(org, &visit->session, unit, subject);
    enum disclose_audience audience = disclose_audience_of_role(str_of(org_role_id(role)));
    if (visit->is_member && audience != DISCLOSE_AUDIENCE_PSYCH_TEACHER) {
        audience = disclose_audience_of_role(STR_LITERAL("team_member"));
    }
    struct view view = {.org = org,
                        .open = open_value,
                        .shape = put_shape,
                        .ctx = visit,
                        .login = str_of(visit->session.login),
                        .person = str_of(visit->session.person),
                        .unit = str_of(visit->session.unit)};
    static const enum disclose_field fields[VIEW_FIELD_COUNT] = {
        [VIEW_NAME] = DISCLOSE_FIELD_PUPIL_NAME,
        [VIEW_PLACE_DETAIL] = DISCLOSE_FIELD_PLACE_DETAIL,
        [VIEW_WITH_PUPIL] = DISCLOSE_FIELD_WITH_PUPIL,
        [VIEW_CALLBACK] = DISCLOSE_FIELD_CALLBACK,
        [VIEW_TEXT] = DISCLOSE_FIELD_GIST,
        [VIEW_WHY] = DISCLOSE_FIELD_KIND};
    for (size_t i = 0; i < VIEW_FIELD_COUNT; i++) {
        view.sees[i] = disclose_may_see(audience, CASE_CHANNEL_NONE, fields[i]);
    }
    return view;
}

void visit_reply(struct visit *visit, struct buffer *buffer)
{
    if (buffer->overflowed) {
        http_reply_text(visit->request, 500, "the view does not fit");
    } else {
        http_reply_json(visit->request, 200, buffer_str(buffer));
    }
    buffer_fini(buffer);
}

/* Breadth first. */
size_t visit_list_units(const struct visit *visit, struct str ret_units[MODEL_UNITS_MAX])
{
    const struct org *org = tables_org(visit->console->tables);
    struct str *units = ret_units;
    const struct org_unit *children[MODEL_UNITS_MAX];
    size_t count = 0;
    units[count++] = str_of(visit->session.unit);
    for (size_t i = 0; i < count; i++) {
        size_t found = org_list_children(org, units[i], children, MODEL_UNITS_MAX);
        for (size_t c = 0; c < found && c < MODEL_UNITS_MAX && count < MODEL_UNITS_MAX; c++) {
            units[count++] = children[c]->id;
        }
    }
    return count;
}

struct visit *visit_begin(struct console *console, struct http_request *request)
{
    struct session session;
    if (!visit_signed_in(console, request, &session)) {
        http_reply_text(request, 401, "sign in");
        return NULL;
    }
    return visit_new(console, request, &session);
}
