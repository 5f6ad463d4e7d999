#include "support/kafka_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

static void run(const struct kafka_process *process, const char *words)
{
    char command[512];
    (void)snprintf(command, sizeof(command), SW_SOURCE_DIR "/deploy/kafka/run %s --dir %s >%s/out",
                   words, process->folder, process->folder);
    int status = system(command);
    sw_assert(status == 0);
}

void kafka_process_init(struct kafka_process *process)
{
    char path[96];
    *process = (struct kafka_process){.folder = "/tmp/sw-kafka-XXXXXX"};
    char *made = mkdtemp(process->folder);
    sw_assert(made != NULL);
    run(process, "start --heap 256");
    (void)snprintf(path, sizeof(path), "%s/out", process->folder);
    FILE *file = fopen(path, "r");
    sw_assert(file != NULL);
    char *line = fgets(process->bootstrap, sizeof(process->bootstrap), file);
    sw_assert(line != NULL);
    process->bootstrap[strcspn(process->bootstrap, "\n")] = '\0';
    (void)fclose(file);
}

void kafka_process_kill(const struct kafka_process *process)
{
    run(process, "kill --broker 1");
}

void kafka_process_restart(const struct kafka_process *process)
{
    run(process, "restart --broker 1");
}

void kafka_process_fini(struct kafka_process *process)
{
    char command[128];
    run(process, "stop");
    (void)snprintf(command, sizeof(command), "rm -rf %s", process->folder);
    int status = system(command);
    sw_assert(status == 0);
}
