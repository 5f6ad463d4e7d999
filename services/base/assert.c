#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

static assert_hook_fn installed_hook;

void assert_set_hook(assert_hook_fn hook)
{
    installed_hook = hook;
}

void assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "assert failed: %s at %s:%d\n", condition, file, line);
    if (installed_hook != NULL) {
        installed_hook(condition, file, line);
    }
    abort();
}
