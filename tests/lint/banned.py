"""Calls that are not made here, each with what to use instead."""
import re

from tree import code, files, finish, name

EVERYWHERE = {
    "strcpy|stpcpy|strcat|strncpy|strncat": "memcpy with a length, or snprintf",
    "sprintf|vsprintf": "snprintf",
    "strtok|strtok_r": "struct str and its functions (base/str.h)",
    "gets|scanf|sscanf": "the strict parsers of base/str.h and wire",
    "atoi|atol|atoll|atof": "the strict parsers of base/str.h",
    "alloca": "an array with a named limit, or the arena",
    "usleep|sleep|nanosleep|clock_nanosleep": "a timer of the loop; in a test a bounded wait on a condition",
    "rand|srand|random|srandom|drand48": "randombytes of io/seal, or the seed that the caller gives",
    "localtime|localtime_r|mktime|ctime|asctime": "core/roster/zone.h: the machine's own zone decides nothing",
    "assert": "sw_assert, which stays on in release",
}
IN_SERVICES = {"system|popen": "a library, or nothing"}
IN_CORE = {
    "malloc|calloc|realloc|free|strdup|strndup": "the arena or base/heap.h",
    "printf|fprintf|puts|fputs|perror": "an effect or a returned value: the shell logs",
    "time|clock_gettime|gettimeofday": "the time of the input",
}
OTHER = {r"\btypedef\s+struct\b(?!.*\(\*)": "the struct by its name: no typedef of structs",
         r"#\s*pragma\s+once\b": "an include guard"}


def faults_of(path):
    place = name(path)
    calls = dict(EVERYWHERE)
    if place.startswith("services/"):
        calls |= IN_SERVICES
    if place.startswith("services/core/"):
        calls |= IN_CORE
    rules = [(re.compile(rf"(?<![\w.>])(?:{call})\s*\("), instead) for call, instead in calls.items()]
    rules += [(re.compile(pattern), instead) for pattern, instead in OTHER.items()]
    for number, line in enumerate(code(path.read_text()).splitlines(), 1):
        for rule, instead in rules:
            for found in rule.finditer(line):
                yield f"{place}:{number}: {found[0].rstrip('( ')} is banned; use {instead}"


paths = files(".c", ".h", ".def", under=("services", "tests", "bench"))
finish([fault for path in paths for fault in faults_of(path)], len(paths))
