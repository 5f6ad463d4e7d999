/* One request of a signed-in user, until it is answered; what the handlers of pages and views share. */
#ifndef CONSOLE_VISIT_H
#define CONSOLE_VISIT_H

#include "console/console.h"

/* What an answer needs that comes later. */
struct visit {
    struct console *console;
    struct http_request *request;
    struct session session;
    char unit[SESSION_TEXT_BYTES]; /* of the case at hand */
    bool is_member;                /* of that case's temporary team */
};

/* Whether somebody is signed in, and who. */
bool visit_signed_in(struct console *console, struct http_request *request,
                     struct session *ret_session);

/* The caller's to free(); NULL: the request has been answered. */
struct visit *visit_new(struct console *console, struct http_request *request,
                        const struct session *session);

/* As visit_new of who is signed in; 401 for nobody. */
struct visit *visit_begin(struct console *console, struct http_request *request);

/* The role in which the visitor acts on the case at hand: that of the unit, where the visitor's part of the organisation
 * has it; else "team_member". Static storage. */
const char *visit_role(const struct visit *visit);

/* What the visitor sees of a unit, by the role in which the visitor acts there; of the case of a team of theirs, at
 * least what a member sees. */
struct view visit_view(struct visit *visit, struct str unit, struct str subject);

/* Answers with the JSON that was written, and frees the buffer. */
void visit_reply(struct visit *visit, struct buffer *buffer);

/* The units that the visitor may see, the top first. */
size_t visit_list_units(const struct visit *visit, struct str ret_units[MODEL_UNITS_MAX]);

/* An HTML page of ours. */
void visit_reply_page(struct http_request *request, const unsigned char *bytes, size_t size);

#endif
