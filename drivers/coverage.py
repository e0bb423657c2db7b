"""Which lines of the C runtime a board has run, as lcov's tracefile.

Format: lcov's geninfo(1), "TRACE FILE FORMAT". Lines come from a debug image (`build(debug=True)`)
through binutils' addr2line. A kernel's machine code carries no lines: it is not in the file.
"""

import shutil
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from drivers.errors import DriverError
from drivers.toolchain.elf import symbols
from drivers.toolchain.link import FIRMWARE

_TOOL = "riscv64-unknown-elf-addr2line"

Lines = dict[str, dict[int, int]]


def lines_run(counts: Counter[int], elf: Path) -> Lines:
    """Give how often each line with code was run, by file; 0 for one that never was.

    `counts` are by address, of the same image. Raises DriverError without addr2line.
    """
    tool = shutil.which(_TOOL)
    if tool is None:
        raise DriverError(f"{_TOOL} is not installed: apt-get install binutils-riscv64-unknown-elf")
    places = {s.name: s.value for s in symbols(elf.read_bytes())}
    addresses = range(places["__text_start"], places["__text_end"], 2)
    asked = "\n".join(f"{address:#x}" for address in addresses)
    done = subprocess.run(
        [tool, "-e", str(elf)], input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    found: Lines = defaultdict(dict)
    for address, said in zip(addresses, done.stdout.splitlines(), strict=True):
        name, _, number = said.split(" (")[0].rpartition(":")
        if number.isdecimal() and int(number) and Path(name).parent == FIRMWARE:
            lines = found[name]
            lines[int(number)] = max(lines.get(int(number), 0), counts[address])
    return dict(sorted(found.items()))


def lcov(lines: Lines) -> str:
    """Write a tracefile."""
    records = []
    for name, counts in lines.items():
        hit = sum(1 for count in counts.values() if count)
        rows = [f"DA:{number},{counts[number]}" for number in sorted(counts)]
        records += ["TN:", f"SF:{name}", *rows, f"LF:{len(counts)}", f"LH:{hit}", "end_of_record"]
    return "\n".join(records) + "\n"
