#include "core/rules/level.h"

#include "base/assert.h"

struct label {
    const char *zh;
    const char *en;
};

static const struct label labels[] = {
    [CASE_LEVEL_NONE] = {"", ""},
    [CASE_LEVEL_NORMAL] = {"正常", "normal"},
    [CASE_LEVEL_ATTENTION] = {"关注（蓝）", "attention (blue)"},
    [CASE_LEVEL_WARNING] = {"预警（黄）", "warning (yellow)"},
    [CASE_LEVEL_HIGH] = {"高危（橙）", "high (orange)"},
    [CASE_LEVEL_CRISIS] = {"危机（红）", "crisis (red)"},
};

static const char *const layers[LEVEL_LAYER_COUNT] = {
    [LEVEL_LAYER_NONE] = "",         [LEVEL_LAYER_STUDENT] = "student",
    [LEVEL_LAYER_CLASS] = "class",   [LEVEL_LAYER_GRADE] = "grade",
    [LEVEL_LAYER_SCHOOL] = "school", [LEVEL_LAYER_COUNTY] = "county",
    [LEVEL_LAYER_CITY] = "city",
};

const char *level_label(enum case_level level, struct str lang)
{
    sw_assert(level <= CASE_LEVEL_CRISIS);
    return str_is(lang, "en") ? labels[level].en : labels[level].zh;
}

const char *level_layer_name(enum level_layer layer)
{
    sw_assert(layer < LEVEL_LAYER_COUNT);
    return layers[layer];
}

bool level_layer_parse(struct str text, enum level_layer *ret_layer)
{
    for (int layer = LEVEL_LAYER_NONE + 1; layer < LEVEL_LAYER_COUNT; layer++) {
        if (str_is(text, layers[layer])) {
            *ret_layer = (enum level_layer)layer;
            return true;
        }
    }
    return false;
}
