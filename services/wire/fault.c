#include "wire/fault.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"

static const struct {
    const char *code;
    const char *text;
} reasons[REJECT_REASON_COUNT] = {
    [REJECT_NONE] = {"", "nothing is wrong"},
#define REJECT(name, code, text) [REJECT_##name] = {code, text},
#include "wire/reject.def"
#undef REJECT
};

const char *reject_reason_code(enum reject_reason reason)
{
    sw_assert((unsigned)reason < REJECT_REASON_COUNT);
    return reasons[reason].code;
}

const char *reject_reason_text(enum reject_reason reason)
{
    sw_assert((unsigned)reason < REJECT_REASON_COUNT);
    return reasons[reason].text;
}

int fault_set(struct fault *ret_fault, enum reject_reason reason, const char *path, int64_t at_byte)
{
    sw_assert(reason != REJECT_NONE);
    ret_fault->reason = reason;
    ret_fault->at_byte = at_byte;
    snprintf(ret_fault->path, sizeof(ret_fault->path), "%s", path);
    return ERR_INVALID;
}

void fault_inside(struct fault *fault, const char *name)
{
    char longer[FAULT_PATH_MAX_BYTES];
    size_t name_len = strnlen(name, sizeof(longer) - 2);
    longer[0] = '/';
    memcpy(longer + 1, name, name_len);
    size_t left = sizeof(longer) - 1 - name_len - 1;
    size_t path_len = strnlen(fault->path, left);
    memcpy(longer + 1 + name_len, fault->path, path_len);
    longer[1 + name_len + path_len] = '\0';
    memcpy(fault->path, longer, sizeof(longer));
}

void fault_inside_index(struct fault *fault, size_t index)
{
    char name[24];
    snprintf(name, sizeof(name), "%zu", index);
    fault_inside(fault, name);
}

size_t fault_format(const struct fault *fault, char *ret_text, size_t size)
{
    int length =
        fault->at_byte == FAULT_NO_BYTE
            ? snprintf(ret_text, size, "%s: %s", fault->path[0] == '\0' ? "/" : fault->path,
                       reject_reason_code(fault->reason))
            : snprintf(ret_text, size, "%s: %s at byte %lld",
                       fault->path[0] == '\0' ? "/" : fault->path,
                       reject_reason_code(fault->reason), (long long)fault->at_byte);
    return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}
