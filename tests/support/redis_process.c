#include "support/redis_process.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/address.h"

void redis_process_init(struct redis_process *process, bool tcp)
{
    *process = (struct redis_process){.folder = "/tmp/sw-redis-XXXXXX"};
    char *made = mkdtemp(process->folder);
    sw_assert(made != NULL);
    if (tcp) {
        struct address any = {.host = "127.0.0.1"};
        int fd;
        int error = address_listen(&any, 1, &fd);
        sw_assert(error == 0);
        error = address_of_socket(fd, &any);
        sw_assert(error == 0);
        (void)close(fd);
        process->port = any.port;
    }
}

const char *redis_process_socket(const struct redis_process *process)
{
    static char path[sizeof(process->folder) + 8];
    (void)snprintf(path, sizeof(path), "%s/redis", process->folder);
    return path;
}

/* What it has answered stands on the disk: killed at once, it has it when it comes back. */
void redis_process_start(struct redis_process *process)
{
    char port[8];
    (void)snprintf(port, sizeof(port), "%u", process->port);
    process->pid = fork();
    sw_assert(process->pid >= 0);
    if (process->pid == 0) {
        (void)execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
                     "--unixsocket", redis_process_socket(process), "--dir", process->folder,
                     "--set-proc-title", "no", /* it would overwrite deploy/reap's mark */
                     "--appendonly", "yes", "--appendfsync", "always", "--save", "", "--logfile",
                     "log", "--daemonize", "no", (char *)NULL);
        _exit(127);
    }
}

void redis_process_signal(struct redis_process *process, int number)
{
    int failed = kill(process->pid, number);
    sw_assert(failed == 0);
    if (number == SIGKILL) {
        (void)waitpid(process->pid, NULL, 0);
        process->pid = 0;
    }
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

void redis_process_fini(struct redis_process *process)
{
    if (process->pid > 0) {
        redis_process_signal(process, SIGKILL);
    }
    (void)nftw(process->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
