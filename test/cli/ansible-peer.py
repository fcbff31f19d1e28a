"""Runs ansible-inventory many times in one process, for Ansible takes most of a second to load.

Reads a JSON list of {"cwd", "args"} from standard input, writes a list of {"status", "stdout", "stderr"}.
"""

import json
import os
import sys
import tempfile

from ansible.cli.inventory import InventoryCLI
from ansible.release import __version__


def start(cwd, args):
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.chdir(cwd)
        try:
            InventoryCLI.cli_executor(["ansible-inventory", *args])
            status = 0
        except SystemExit as end:
            status = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return child, out, err


def finish(child, out, err):
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), "stdout": text_of(out), "stderr": text_of(err)}


def text_of(file):
    with file:
        file.seek(0)
        return file.read().decode()


calls = json.load(sys.stdin)
answers = []
at_a_time = os.cpu_count() or 1
for i in range(0, len(calls), at_a_time):
    started = [start(call["cwd"], call["args"]) for call in calls[i : i + at_a_time]]
    answers += [finish(*each) for each in started]
json.dump({"version": __version__, "answers": answers}, sys.stdout)
