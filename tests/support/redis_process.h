/* A real redis-server of the test's own, in a folder of its own. */
#ifndef TESTS_SUPPORT_REDIS_PROCESS_H
#define TESTS_SUPPORT_REDIS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct redis_process {
    char folder[64];
    uint16_t port; /* 0: unix socket only */
    pid_t pid;
};

/* Chooses the folder and, for tcp, a free port; starts nothing. */
void redis_process_init(struct redis_process *process, bool tcp);

/* Starts the server, with an append-only file. */
void redis_process_start(struct redis_process *process);

/* Sends the signal; SIGKILL also waits for its end. */
void redis_process_signal(struct redis_process *process, int number);

/* Kills it and removes the folder. */
void redis_process_fini(struct redis_process *process);

/* The socket's path, in static storage. */
const char *redis_process_socket(const struct redis_process *process);

#endif
