/* struct sealed <-> the record Sealed and its encoded bytes, as they lie in core values. */
#ifndef IO_SEAL_RECORD_H
#define IO_SEAL_RECORD_H

#include "io/keyring.h"
#include "io/seal.h"
#include "shouwang/v1/sealed.pb-c.h"

/* Borrows from the record. ERR_INVALID: NULL, no class, a field beyond its bound; another suite is fine. */
SW_NODISCARD int sealed_of_record(const Shouwang__V1__Sealed *record, struct sealed *ret_sealed);

/* Fills a record that borrows from `sealed`; its ids are copied into `arena` for their NULs. ERR_MEMORY. */
SW_NODISCARD int sealed_to_record(const struct sealed *sealed, struct arena *arena,
                                  Shouwang__V1__Sealed *ret_record);

/* vault_close (io/keyring.h), its result as a record in `arena`. */
SW_NODISCARD int vault_close_record(const struct vault *vault, const struct vault_target *target,
                                    struct str plain, struct arena *arena,
                                    Shouwang__V1__Sealed **ret_record);

/* The encoded record, in `arena`. ERR_MEMORY. */
SW_NODISCARD int sealed_encode(const struct sealed *sealed, struct arena *arena,
                               struct str *ret_bytes);

/* From encoded bytes; the result lives in `arena`. ERR_INVALID, ERR_MEMORY. */
SW_NODISCARD int sealed_decode(struct str bytes, struct arena *arena, struct sealed *ret_sealed);

#endif
