#include "console/console.h"

int main(int argc, char **argv)
{
    return service_main(&console_definition, argc, argv);
}
