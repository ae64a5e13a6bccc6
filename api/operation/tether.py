"""A command as the child of a service: it ends when the service is gone, also when that was killed.

``python -m api.operation.tether COMMAND ...`` runs the command line; its standard input is a pipe that the service
holds open and never writes to.  The end of that pipe is the end of the service.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading

from api.cli import main


def _wait_for_the_end() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    if sys.stderr.isatty():
        logging.disable(logging.INFO)  # a person watches the service: only what goes wrong
    threading.Thread(target=_wait_for_the_end, name="tether", daemon=True).start()
    sys.exit(main(sys.argv[1:]))
