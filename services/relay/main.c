#include "relay/relay.h"

int main(int argc, char **argv)
{
    return service_main(&relay_definition, argc, argv);
}
