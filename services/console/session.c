#include "console/session.h"

#include <stdio.h>

#include "core/org/resolve.h"
#include "io/token.h"

static const char cookie_name[] = "sw_session";

static void copy(char to[SESSION_TEXT_BYTES], struct str from)
{
    snprintf(to, SESSION_TEXT_BYTES, "%.*s", (int)from.len, from.at);
}

bool session_of(const struct org *org, const struct keyring *keyring, struct http_request *request,
                struct session *ret_session)
{
    struct token token;
    const char *cookie = http_cookie(request, cookie_name);
    if (cookie == NULL ||
        token_read(keyring, TOKEN_SESSION, str_of(cookie), loop_utc_ms(), &token) != 0 ||
        token.field_count != 1) {
        return false;
    }
    const struct org_user *user = org_find_user(org, token.fields[0]);
    if (user == NULL) {
        return false;
    }
    copy(ret_session->login, user->login);
    copy(ret_session->person, user->person);
    copy(ret_session->unit, user->unit);
    return true;
}

enum org_role session_role(const struct org *org, const struct session *session, struct str unit,
                           struct str subject)
{
    static const enum org_role order[] = {
        ORG_ROLE_DUTY_LEADER,    ORG_ROLE_PSYCH_TEACHER,   ORG_ROLE_PRINCIPAL,
        ORG_ROLE_DUTY_MANAGER,   ORG_ROLE_CLASS_TEACHER,   ORG_ROLE_GRADE_HEAD,
        ORG_ROLE_BUREAU_DUTY,    ORG_ROLE_COUNTY_DESIGNEE, ORG_ROLE_COUNTY_CENTRE,
        ORG_ROLE_LAST_RESPONDER, ORG_ROLE_SPOKESPERSON,    ORG_ROLE_POLICE_LIAISON,
        ORG_ROLE_HOSPITAL,
    };
    struct org_query query = {.unit = unit, .subject = subject, .at_ms = loop_utc_ms()};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        query.role = order[i];
        if (org_has_role(org, &query, str_of(session->person))) {
            return order[i];
        }
    }
    const struct org_user *user = org_find_user(org, str_of(session->login));
    enum org_role role = ORG_ROLE_NONE;
    for (size_t i = 0; user != NULL && i < user->role_count && role == ORG_ROLE_NONE; i++) {
        if (!org_role_parse(user->roles[i], &role)) {
            role = ORG_ROLE_NONE;
        }
    }
    return role;
}

bool session_covers(const struct org *org, const struct session *session, struct str unit)
{
    return org_is_within(org, unit, str_of(session->unit));
}

bool session_cookie(const struct keyring *keyring, struct str login, bool secure,
                    char ret_text[1024])
{
    char text[TOKEN_TEXT_BYTES] = "";
    int64_t age_s = login.len == 0 ? 0 : SESSION_HOURS * 3600;
    struct token token = {
        .expires_ms = loop_utc_ms() + age_s * 1000, .fields = {login}, .field_count = 1};
    if (login.len > 0 && token_make(keyring, TOKEN_SESSION, &token, text) != 0) {
        return false;
    }
    return http_cookie_format(cookie_name, text, age_s, secure, ret_text);
}
