"""Digest times that a test can wait for."""
import datetime
import re
import shutil
import zoneinfo

from shouwang import ROOT

ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")


def activate(shouwang, folder, at, quiet=None):
    """The reference pack with other digest times."""
    pack = folder / "pack"
    if not pack.exists():
        shutil.copytree(ROOT / "config/packs/reference", pack)
    path = pack / "policies/attention.yaml"
    times = ", ".join(f'"{time}"' for time in at)
    hours = f', quiet: {{from: "{quiet[0]}", to: "{quiet[1]}"}}' if quiet else ""
    text, count = re.subn(r"^digest: .*$", f"digest: {{at: [{times}]{hours}}}", path.read_text(encoding="utf-8"), flags=re.M)
    assert count == 1
    path.write_text(text, encoding="utf-8")
    shouwang.swctl("pack", "activate", pack, "--jurisdiction", "fenyang")


def clock(minutes):
    """The wall clock of the school so many minutes from now."""
    return (datetime.datetime.now(ZONE) + datetime.timedelta(minutes=minutes)).strftime("%H:%M")


def next_slots():
    """Every minute from the first on that is at least 40 s away: what is to wait for it is there by then."""
    first = 1 if datetime.datetime.now(ZONE).second < 20 else 2
    return sorted(clock(minutes) for minutes in range(first, first + 8))
