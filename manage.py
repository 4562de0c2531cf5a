#!/usr/bin/env python
import sys


def main():
    # Here and not above: most of the first second goes into them, and Ctrl+C in it is no mistake of anybody.
    from django.core.management import execute_from_command_line

    from courseware.project import bootstrap

    bootstrap.find_trial()
    bootstrap.begin()
    with bootstrap.in_one_sentence():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says it
