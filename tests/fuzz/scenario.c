/* A scenario file, and its own people: what loads has steps in the order of their times, events that are whole or refused, and an
 * organisation that can be changed by each of its steps. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Enough to tell texts apart. */
static void mix(const void *bytes, size_t len, uint8_t ret_hash[IDENT_BYTES])
{
    memset(ret_hash, 0, IDENT_BYTES);
    for (size_t i = 0; i < len; i++) {
        ret_hash[i % IDENT_BYTES] ^= ((const uint8_t *)bytes)[i];
    }
}

static int change(struct scenario_people *people, struct org *org, const struct yaml_node *node,
                  struct yaml_faults *faults)
{
    int error = node == NULL ? 0 : scenario_people_add(people, node, faults);
    return error != 0 ? error : scenario_people_put(people, org, faults);
}

static void play(const struct scenario_file *file, const struct scenario *scenario,
                 struct arena *arena, struct yaml_faults *faults)
{
    const struct org_setup setup = {.seed = 1};
    struct scenario_people *people = scenario_people_new(arena, mix);
    struct org *org = org_new(&setup);
    sw_assert(people != NULL && org != NULL);
    (void)change(people, org, file->directory, faults);
    (void)change(people, org, scenario->directory, faults);
    sw_assert(scenario->from_ms <= scenario->until_ms);
    for (size_t i = 0; i < scenario->step_count; i++) {
        const struct scenario_step *step = &scenario->steps[i];
        const struct scenario_opening opening = {
            .org = org, .unit = scenario_people_unit(people), .hash = mix};
        struct event event;
        sw_assert(i == 0 || step->at_ms >= scenario->steps[i - 1].at_ms);
        if (step->kind == SCENARIO_DIRECTORY) {
            (void)change(people, org, step->directory, faults);
        } else if (step->kind == SCENARIO_EVENT &&
                   scenario_open_event(step, i, &opening, arena, faults, &event) == 0) {
            sw_assert(event.unit.len > 0 && event.reported_ms > 0);
        }
    }
    org_free(org);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct yaml_faults faults;
    struct str content = {.at = (const char *)data, .len = size};
    struct scenario_file file = {.count = 0};
    struct arena arena;
    faults.count = 0;
    arena_init(&arena, 256 * 1024 * 1024);
    int error = scenario_read("fuzz.yaml", content, &arena, &faults, &file);
    sw_assert((error == 0) == (faults.count == 0) || error == ERR_MEMORY);
    for (size_t i = 0; i < file.count; i++) {
        play(&file, &file.scenarios[i], &arena, &faults);
    }
    arena_fini(&arena);
    return 0;
}
