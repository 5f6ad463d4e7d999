/* A real Kafka broker of the test's own, for what a shared one cannot be used for: killing it. */
#ifndef TESTS_SUPPORT_KAFKA_PROCESS_H
#define TESTS_SUPPORT_KAFKA_PROCESS_H

struct kafka_process {
    char folder[64];
    char bootstrap[64];
};

/* Starts one and waits until it answers (some 6 s). */
void kafka_process_init(struct kafka_process *process);

/* kill -9 of the broker; start it again on its port with its data. */
void kafka_process_kill(const struct kafka_process *process);
void kafka_process_restart(const struct kafka_process *process);

/* Stops it and removes its folder. */
void kafka_process_fini(struct kafka_process *process);

#endif
