#include "base/error.h"

const char *error_name(int error)
{
    switch (error) {
    case 0:
        return "OK";
#define SW_ERROR(name, text)                                                                       \
    case ERR_##name:                                                                               \
        return #name;
#include "base/error.def"
#undef SW_ERROR
    }
    return "UNKNOWN";
}

const char *error_text(int error)
{
    switch (error) {
    case 0:
        return "success";
#define SW_ERROR(name, text)                                                                       \
    case ERR_##name:                                                                               \
        return text;
#include "base/error.def"
#undef SW_ERROR
    }
    return "unknown error";
}
