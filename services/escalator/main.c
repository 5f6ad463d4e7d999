#include "escalator/escalator.h"

int main(int argc, char **argv)
{
    return service_main(&escalator_definition, argc, argv);
}
