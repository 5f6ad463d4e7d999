/* What a notice says, and where it goes: names and numbers looked up in the directory and opened, the text rendered for its
 * audience. The result lives in the part's arena and is neither logged nor kept. Internal to the notifier. */
#ifndef NOTIFIER_TEXT_H
#define NOTIFIER_TEXT_H

#include "notifier/notifier.h"

/* The texts of packs, built once each. */
struct texts;

/* NULL when memory is out. */
struct texts *texts_new(void);
void texts_free(struct texts *texts);

struct text_message {
    struct str to;
    struct str text;
    char ref[512];
};

/* The address over `via`: the one the notice names, else the person's first of that channel; for a call that became an SMS
 * the number itself when there is no other. An empty digest when there is none, or a conflict keeps them all out. */
struct text_address {
    struct str digest;
    struct str sealed;
};
struct text_address text_choose_address(struct part *part, const struct held *held,
                                        enum case_channel via);

/* The notice's record and its pack's texts, for `via` as set. ERR_MEMORY. */
struct filling;
SW_NODISCARD int text_begin(struct part *part, const struct held *held, struct filling *filling);

/* The address over `via`, in clear, and the person's language. ERR_NOT_FOUND: no such person, or no address; ERR_DENIED: a
 * conflict; ERR_CORRUPT: it does not open. */
SW_NODISCARD int text_open_address(struct filling *filling, struct str *ret_to);

/* Builds the message. ERR_NOT_FOUND: no such person, or no address; ERR_DENIED: a conflict; ERR_CORRUPT: the address does
 * not open; ERR_MEMORY. */
SW_NODISCARD int text_build(struct part *part, const struct held *held, enum case_channel via,
                            struct text_message *ret_message);

#endif
