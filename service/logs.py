"""Where logs go and what they may hold: standard error, and no values of variables.

structlog's own tracebacks print the variables of every frame, among them the headers of a request, with the
administrator's key, and the text of a search.
"""

import sys

import structlog


def log_to_standard_error(*, level: str) -> None:
    """Keep logs from `level` on away from what a command prints: `--json` is read by programs."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
