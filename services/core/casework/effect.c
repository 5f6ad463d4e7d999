#include "core/casework/effect.h"

#include "base/assert.h"

enum { EFFECTS_ARENA_BYTES = 8 * 1024 * 1024 };

void effects_init(struct effects *ret_effects)
{
    *ret_effects = (struct effects){0};
    arena_init(&ret_effects->arena, EFFECTS_ARENA_BYTES);
}

void effects_fini(struct effects *effects)
{
    arena_fini(&effects->arena);
    *effects = (struct effects){0};
}

void effects_reset(struct effects *effects)
{
    arena_reset(&effects->arena);
    effects->items = NULL;
    effects->count = 0;
    effects->capacity = 0;
}

/* Doubles the list of pointers inside of the arena; the effects themselves never move. */
static int grow(struct effects *effects)
{
    size_t capacity = effects->capacity == 0 ? 32 : 2 * effects->capacity;
    struct effect **items = arena_alloc_array(&effects->arena, capacity, sizeof(struct effect *));
    if (items == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < effects->count; i++) {
        items[i] = effects->items[i];
    }
    effects->items = items;
    effects->capacity = capacity;
    return 0;
}

struct effect *effects_add(struct effects *effects, enum effect_kind kind, int64_t at_ms)
{
    sw_assert(effects->count < EFFECTS_MAX);
    if (effects->count == effects->capacity && grow(effects) != 0) {
        return NULL;
    }
    struct effect *effect = arena_alloc(&effects->arena, sizeof(*effect));
    if (effect != NULL) {
        effect->kind = kind;
        effect->at_ms = at_ms;
        effects->items[effects->count++] = effect;
    }
    return effect;
}
