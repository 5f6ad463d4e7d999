# Writes the bytes of INPUT as a C array; see sw_embed in the root CMakeLists.txt.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUTPUT} "#include <stddef.h>
extern const unsigned char ${SYMBOL}[];
extern const size_t ${SYMBOL}_size;
const unsigned char ${SYMBOL}[] = {${bytes}0x00};
const size_t ${SYMBOL}_size = sizeof(${SYMBOL}) - 1;
")
