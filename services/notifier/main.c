#include "notifier/service.h"

int main(int argc, char **argv)
{
    return service_main(&notifier_definition, argc, argv);
}
