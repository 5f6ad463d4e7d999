/* Who is signed in: local users of the directory, a signed cookie, rights by role and by subtree of the organisation.
 * No store: the cookie says the login, everything else is looked up at each request, so that a change of the directory
 * takes effect at once. */
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"
#include "core/org/org.h"
#include "core/org/role.h"
#include "io/http_server.h"
#include "io/keyring.h"
#include "io/loop.h"

enum { SESSION_TEXT_BYTES = 72, SESSION_HOURS = 12 };

struct session {
    char login[SESSION_TEXT_BYTES];
    char person[SESSION_TEXT_BYTES];
    char unit[SESSION_TEXT_BYTES]; /* the subtree the user may see */
};

/* The session of the request's cookie; false when there is none that holds. */
bool session_of(const struct org *org, const struct keyring *keyring, struct http_request *request,
                struct session *ret_session);

/* The role in which the person acts in a unit: the first of the console's order that the person holds there, through the
 * unit or one above, or that the user's record names; ORG_ROLE_NONE: none. `subject` may be empty. */
enum org_role session_role(const struct org *org, const struct session *session, struct str unit,
                           struct str subject);

/* Whether the unit lies in the session's subtree. */
bool session_covers(const struct org *org, const struct session *session, struct str unit);

/* The Set-Cookie value of a new session for the login, or of none when `login` is empty. False: it does not fit. */
bool session_cookie(const struct keyring *keyring, struct str login, bool secure,
                    char ret_text[1024]);

#endif
