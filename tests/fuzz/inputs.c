/* What enters the escalator: the first byte chooses signal, command, receipt or case, the rest is its bytes. A case that is
 * taken can be written again and is then the same. */
#include <stdint.h>

#include "base/assert.h"
#include "wire/case.h"
#include "wire/command.h"
#include "wire/receipt.h"
#include "wire/signal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_signal(struct str bytes, struct arena *arena)
{
    struct case_signal signal;
    struct fault fault;
    if (signal_decode(bytes, arena, &signal, &fault) == 0) {
        sw_assert(signal.unit.len > 0);
        sw_assert(signal.subject.len > 0);
        sw_assert(signal.level > CASE_LEVEL_NONE && signal.level <= CASE_LEVEL_CRISIS);
        sw_assert(signal.place <= CASE_PLACE_UNKNOWN);
    }
}

static void read_command(struct str bytes, struct arena *arena)
{
    struct case_command command;
    struct fault fault;
    if (command_decode(bytes, arena, &command, &fault) == 0) {
        sw_assert(command.kind < CASE_COMMAND_COUNT);
        sw_assert(!ident_is_none(command.id) || command.unit.len > 0);
    }
}

static void read_receipt(struct str bytes, struct arena *arena)
{
    struct case_receipt receipt;
    struct fault fault;
    if (receipt_decode(bytes, arena, &receipt, &fault) == 0) {
        sw_assert(receipt.channel < CASE_CHANNEL_COUNT);
    }
}

static void read_case(struct str bytes, struct arena *arena)
{
    struct casefile file;
    struct casefile again;
    struct fault fault;
    struct str first;
    struct str second;
    if (case_decode(bytes, arena, &file, &fault) != 0 || casefile_fault(&file) != NULL) {
        return;
    }
    (void)casefile_next_due(&file, INT64_MIN);
    sw_assert(case_encode(&file, arena, &first) == 0);
    sw_assert(case_decode(first, arena, &again, &fault) == 0);
    sw_assert(case_encode(&again, arena, &second) == 0);
    sw_assert(str_equal(first, second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct str, struct arena *) = {read_signal, read_command,
                                                                  read_receipt, read_case};
    struct arena arena;
    if (size == 0) {
        return 0;
    }
    arena_init(&arena, 64 * 1024 * 1024);
    readers[data[0] % 4]((struct str){(const char *)data + 1, size - 1}, &arena);
    arena_fini(&arena);
    return 0;
}
