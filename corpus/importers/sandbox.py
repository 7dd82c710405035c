"""Parsers of untrusted files run in a child process with a ceiling on memory and processor time.

Why: calamine answers a sheet that holds only A1 and XFD1048576 (5 kB) with an allocation of 550 GB that
aborts the process, and 1 MB of nested <div> held selectolax for nine minutes. A child that dies is an
UnreadableSource.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from corpus.errors import UnreadableSource

MEMORY_BYTES = 1 << 30
PROCESSOR_SECONDS = {"workbook": 60, "docx_form": 10, "html_page": 10}

_START = "import sys; sys.path[:] = sys.argv[2:]; from corpus.importers.sandbox import serve; serve(sys.argv[1])"


def parse_in_child(parser: str, file: BinaryIO, name: str) -> Iterator[Any]:
    """What `parse(file)` of a module of this package yields, run in a child; `file` is a real file.

    Raises:
        UnreadableSource: the parser refused the file, or went over its ceiling.
    """
    file.seek(0)
    command = [sys.executable, "-c", _START, parser, *filter(None, sys.path)]
    refusal = None
    with subprocess.Popen(command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:  # noqa: S603
        assert child.stdout is not None  # noqa: S101 - asked for above
        try:
            for line in child.stdout:
                item = json.loads(line)
                if isinstance(item, dict) and "refused" in item:
                    refusal = item["refused"]
                else:
                    yield item
        except BaseException:  # also when nobody wants the rest
            child.kill()
            raise
    if refusal:
        raise UnreadableSource(f"{name} {refusal}.")
    if child.returncode:
        raise UnreadableSource(
            f"{name} could not be opened with {MEMORY_BYTES >> 20} MB of memory in {PROCESSOR_SECONDS[parser]} s. "
            "Remove what is not about the practices, or split it."
        )


def serve(parser: str) -> None:
    """The child's side: parse what stands on standard input, one JSON value a line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS[parser],) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        for item in import_module(f"corpus.importers.{parser}").parse(sys.stdin.buffer):
            sys.stdout.write(json.dumps(item) + "\n")
    except MemoryError:
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - whatever a library raises on a broken file, the file is unreadable
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        sys.stdout.write(json.dumps({"refused": f"cannot be read: {reason}"}) + "\n")
