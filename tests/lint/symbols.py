"""The core needs nothing of the world: what its archives (and base's) leave undefined is in a short list."""
import re
import subprocess

from tree import BUILD, finish

CORE = set("""memchr memmem memcmp memcpy memmove memset strchr strcmp strlen strncmp strstr snprintf vsnprintf qsort bsearch
    exp2 floor fmod pow sqrt""".split())
BASE = CORE | set("abort calloc fprintf free malloc realloc stderr strtod".split())
# what the compiler puts in by itself: position independent code, hardening, sanitizers, coverage
OF_THE_COMPILER = re.compile(r"_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__\w+_chk|__[atu]\w*san_\w+|__asan_\w+|__gcov_\w+"
                             r"|__sanitizer_\w+|__udivti3|__umodti3|__multi3|__tls_get_addr")


def symbols(archive, *options):
    text = subprocess.run(["nm", *options, archive], capture_output=True, text=True, check=True).stdout
    return {line.split()[-1] for line in text.splitlines() if line.strip() and not line.endswith(":")}


base = sorted((BUILD / "services" / "base").glob("lib*.a"))
core = sorted((BUILD / "services" / "core").rglob("lib*.a"))
own = {archive: symbols(archive, "--defined-only", "-g") for archive in base + core}
faults = []
for archive in base + core:
    allowed, layer = (CORE, "core") if archive in core else (BASE, "base")
    reachable = set().union(*(own[other] for other in (base + core if layer == "core" else base)))
    for symbol in sorted(symbols(archive, "-u")):
        if symbol not in allowed | reachable and not OF_THE_COMPILER.fullmatch(symbol):
            faults.append(f"{archive.name}: needs {symbol}; {layer} may need of the C library only what symbols.py lists")
if not core:
    faults.append("no archive of the core: build first")
finish(faults, len(base + core))
