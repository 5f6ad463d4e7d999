"""What a stranger needs to speak with Shouwang through Kafka: classes of the .proto files, and where a record belongs."""
import importlib
import subprocess
import sys

from shouwang import ROOT


def compile_records(folder, *names):
    """The generated Python modules of these .proto files (one alone, or a list)."""
    out = folder / "python"
    out.mkdir()
    subprocess.run(["protoc", f"--proto_path={ROOT}/proto", f"--python_out={out}",
                    *(str(path) for path in (ROOT / "proto/shouwang/v1").glob("*.proto"))], check=True)
    # A process of its own would do as well; here the package "shouwang" is taken by the fixture's module.
    (out / "shouwang").rename(out / "shouwang_records")
    for path in (out / "shouwang_records/v1").glob("*.py"):
        path.write_text(path.read_text().replace("from shouwang.v1", "from shouwang_records.v1"))
    sys.path.insert(0, str(out))
    modules = [importlib.import_module(f"shouwang_records.v1.{name}_pb2") for name in names]
    return modules if len(modules) > 1 else modules[0]


def partition_of(unit, count):
    """murmur2 of Java's default partitioner, to say where a record belongs."""
    data, mask = unit.encode(), 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    for i in range(0, len(data) - len(data) % 4, 4):
        k = int.from_bytes(data[i:i + 4], "little") * 0x5BD1E995 & mask
        k = (k ^ (k >> 24)) * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ k
    rest = data[len(data) - len(data) % 4:]
    for i in reversed(range(len(rest))):
        h ^= rest[i] << (8 * i)
    if rest:
        h = h * 0x5BD1E995 & mask
    h = (h ^ (h >> 13)) * 0x5BD1E995 & mask
    return ((h ^ (h >> 15)) & 0x7FFFFFFF) % count
