/* Asserts that stay on in release. A failed one is a bug: the process prints what it was doing and aborts. */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

/* Called once, before abort, with the failed condition; the shell adds the event in hand, the last trace records and
 * the build id. It must not allocate. */
typedef void (*assert_hook_fn)(const char *condition, const char *file, int line);

/* Sets the hook for the process; NULL restores the default, a line on stderr. */
void assert_set_hook(assert_hook_fn hook);

_Noreturn void assert_failed(const char *condition, const char *file, int line);

/* One side-effect-free condition each. */
#define sw_assert(condition) ((condition) ? (void)0 : assert_failed(#condition, __FILE__, __LINE__))

#endif
