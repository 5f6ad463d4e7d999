/* A pack from a folder, for the commands that check or activate one. */
#ifndef CTL_PACK_OPEN_H
#define CTL_PACK_OPEN_H

#include "ctl/ctl.h"
#include "wire/pack.h"

/* Reads and builds the pack in `folder`; the caller's to free (pack_free). CTL_REFUSED: it has mistakes, each told on
 * stderr with its file, line and column. CTL_UNAVAILABLE: memory is out, or the folder cannot be read. */
enum ctl_exit ctl_pack_open(struct ctl *ctl, const char *folder, struct pack **ret_pack);

/* Says every fault on stderr, and CTL_REFUSED. */
enum ctl_exit ctl_tell_faults(const struct yaml_faults *faults, const char *what);

#endif
