/* What may be said of a notice: the fields of core/disclose looked up and opened for one audience and channel, and the text
 * rendered of them. Everything lies in the part's arena. Internal to the notifier. */
#ifndef NOTIFIER_FILLING_H
#define NOTIFIER_FILLING_H

#include <shouwang/v1/notice.pb-c.h>

#include "core/disclose/disclose.h"
#include "io/token.h"
#include "notifier/notifier.h"

/* One rendering in hand: all but `audience` and `context` is the caller's. */
struct filling {
    struct part *part;
    const struct held *held;
    const Shouwang__V1__Notice *notice;
    const struct disclose *disclose; /* NULL: no pack */
    struct str lang;
    enum disclose_audience audience;
    enum case_channel via;
    struct disclose_context context;
};

/* Whether the filling's audience may see the field over its channel. What it may not see is not even opened. */
bool filling_may_see(const struct filling *filling, enum disclose_field field);

/* One encoded sealed value of the unit in clear; empty, and counted, when it does not open. */
struct str filling_open(struct filling *filling, struct str unit, struct str bytes);

/* All fields but the link, for the audience that is set; `disclose` is there. */
void filling_fill(struct filling *filling);

/* The text of the pack for what was filled. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_MEMORY. */
SW_NODISCARD int filling_render(struct filling *filling, struct str *ret_text);

/* The message to a person: the notice's own audience, its link, and a plain sentence where the pack has no text. ERR_MEMORY,
 * ERR_TOO_LARGE (the link). */
SW_NODISCARD int filling_message(struct filling *filling, struct str *ret_text);

/* What a reference or a link of the notice says. */
struct token_notice filling_token(const struct held *held);

#endif
