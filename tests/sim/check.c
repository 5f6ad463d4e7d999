#include "sim/check.h"

#include <stdarg.h>
#include <stdio.h>

void check_init(struct check *check, struct machine_world *world, struct ledger *ledger)
{
    *check = (struct check){.world = world, .ledger = ledger};
}

void check_fini(struct check *check)
{
    (void)check;
}

void check_fail(struct check *check, const char *format, ...)
{
    va_list arguments;
    if (check->has_found) {
        return;
    }
    check->has_found = true;
    check->found_ms = agenda_now(check->world->agenda);
    va_start(arguments, format);
    (void)vsnprintf(check->text, sizeof(check->text), format, arguments);
    va_end(arguments);
}

void check_record(struct check *check, const struct broker_record *record)
{
    (void)check;
    (void)record;
}

void check_send(struct check *check, const struct provider_sent *sent)
{
    (void)sent;
    check->sends++;
}

void check_end(struct check *check)
{
    (void)check;
}
