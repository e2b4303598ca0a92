"""Starts a command once an address answers: the sweep must find the migrated database.

python -m launch.after URL COMMAND [ARGUMENT …]
"""

import os
import sys
import time

from launch.http import Unanswered, call


def main() -> None:
    url, *command = sys.argv[1:]
    while True:
        try:
            call("GET", url, timeout=5)
        except Unanswered:
            time.sleep(0.3)
        else:
            os.execv(command[0], command)


if __name__ == "__main__":
    main()
