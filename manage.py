#!/usr/bin/env python
"""Entry point of every management command."""

import os
import sys


def main(arguments: list[str]) -> None:
    """Run a command, with the embedded database for its length when nothing else runs it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sre_workspace.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    from sre_workspace.embedded.borrow import borrowed_database, needs_database
    from sre_workspace.embedded.paths import StateError

    if not (needs_database(arguments[1:]) and settings.IS_DATABASE_EMBEDDED):
        execute_from_command_line(arguments)
        return
    try:
        with borrowed_database(settings.STATE, name=arguments[1]) as is_ours:
            if is_ours and arguments[1] != "migrate":
                execute_from_command_line([arguments[0], "migrate", "--verbosity", "0"])
            execute_from_command_line(arguments)
    except StateError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    try:
        main(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
