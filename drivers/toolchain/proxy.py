"""A Python module, generated, that reads a board's memory with NumPy alone.

For scripts beside a live board that have no Millhand: a debugger's dump or a serial console's
bytes of the mailbox become records with the controller's own field names.
"""

import numpy as np

from drivers.mailbox import MAGIC, VERSION, Fault, Status, layout_hash, mailbox_dtype
from robots.controllers.contract import Controller

_MODULE = '''"""The mailbox of a board that runs {name}: generated, needs NumPy and nothing else.

    record = read(data)      # bytes from the mailbox's first address on
    record["output"], record["state"], STATUS[int(record["header"]["status"])]
"""

import numpy as np

NAME = {name!r}
MAGIC = {magic:#x}
VERSION = {version}
LAYOUT = {layout:#x}
STATUS = {status!r}
FAULT = {fault!r}

MAILBOX = {dtype}


def read(data):
    """Give the mailbox as a record that looks into `data`.

    Raises ValueError for too few bytes, and for a board with another controller or version.
    """
    if len(data) < MAILBOX.itemsize:
        raise ValueError(f"{{len(data)}} bytes; the mailbox of {{NAME}} has {{MAILBOX.itemsize}}")
    record = np.frombuffer(data, MAILBOX, 1)[0]
    header = record["header"]
    for field, want in (("magic", MAGIC), ("version", VERSION), ("layout", LAYOUT)):
        if int(header[field]) != want:
            raise ValueError(f"{{field}} is {{int(header[field]):#x}}; {{NAME}} has {{want:#x}}")
    return record
'''


def proxy_module(controller: Controller) -> str:
    """Write the module for a controller."""
    return _MODULE.format(
        name=controller.name,
        magic=MAGIC,
        version=VERSION,
        layout=layout_hash(controller),
        status={int(member): member.name.lower() for member in Status},
        fault={int(member): member.name.lower() for member in Fault},
        dtype=_text(mailbox_dtype(controller), ""),
    )


def _text(dtype: np.dtype, indent: str) -> str:
    """Write a dtype as Python: every offset and size is said, so that nothing is left to guess."""
    base, shape = dtype.subdtype or (dtype, ())
    if base.fields is None:
        kind = repr(base.str)
    else:
        deeper = indent + "    "
        names = base.names or ()
        lines = [f"{deeper}    {_text(base.fields[name][0], deeper + '    ')}," for name in names]
        kind = "\n".join(
            [
                "np.dtype({",
                f"{deeper}'names': {list(names)!r},",
                f"{deeper}'formats': [",
                *lines,
                f"{deeper}],",
                f"{deeper}'offsets': {[base.fields[name][1] for name in names]!r},",
                f"{deeper}'itemsize': {base.itemsize},",
                f"{indent}}})",
            ]
        )
    return f"({kind}, {shape!r})" if shape else kind
