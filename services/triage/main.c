#include "triage/triage.h"

int main(int argc, char **argv)
{
    return service_main(&triage_definition, argc, argv);
}
