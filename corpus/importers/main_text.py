"""The running text of a web page that has no headings we know. Runs in the child process of `sandbox`."""

from collections.abc import Iterator
from typing import BinaryIO

import trafilatura


def parse(file: BinaryIO) -> Iterator[str | None]:
    """The main text, or None."""
    yield trafilatura.extract(file.read(), include_comments=False, include_tables=True, favor_precision=True)
