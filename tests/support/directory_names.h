/* Ids and digests for tests that import a directory: legible, and the same for the same. Person "T1" of a county "c1" is
 * "p-c1-T1". */
#ifndef TESTS_SUPPORT_DIRECTORY_NAMES_H
#define TESTS_SUPPORT_DIRECTORY_NAMES_H

#include "wire/directory_file.h"

extern const struct directory_names directory_names_made_up;

#endif
