#!/usr/bin/env python
import sys

from django.core.management import execute_from_command_line

from courseware import starting

if __name__ == "__main__":
    starting.find_trial()
    starting.begin()
    with starting.in_one_sentence():
        execute_from_command_line(sys.argv)
