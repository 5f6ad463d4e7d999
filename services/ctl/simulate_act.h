/* A command of a scenario: "met phone_report --performed-at 8m" of a person -> what casework takes. */
#ifndef CTL_SIMULATE_ACT_H
#define CTL_SIMULATE_ACT_H

#include "ctl/ctl.h"
#include "shell/simulation.h"
#include "wire/scenario.h"

struct simulate_acting {
    struct simulation *simulation;
    const struct org *org;
    const struct pack *pack;
    struct arena *arena; /* of one scenario */
    uint64_t *count;     /* of commands so far: their ids */
};

/* Lets it happen at the step's time. CTL_USAGE: it is no command on a case, as was told on stderr; CTL_UNAVAILABLE: memory is
 * out. */
enum ctl_exit simulate_act(const struct simulate_acting *acting, const struct scenario_step *step);

#endif
