/* Effects of casework -> records of topics notices.urgent, notices.bulk, notices.control and alerts. */
#ifndef WIRE_NOTICE_H
#define WIRE_NOTICE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "core/casework/effect.h"

/* The bytes, in `arena`. ERR_INVALID: a sealed value does not decode; ERR_MEMORY, ERR_TOO_LARGE. */
SW_NODISCARD int notice_encode(const struct effect_notice *notice, struct arena *arena,
                               struct str *ret_value);
SW_NODISCARD int notice_encode_control(const struct effect_control *control, struct arena *arena,
                                       struct str *ret_value);
SW_NODISCARD int notice_encode_alert(const struct effect_alert *alert, int64_t at_ms,
                                     struct arena *arena, struct str *ret_value);

#endif
