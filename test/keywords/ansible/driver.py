"""
Runs playbooks through ansible-core, many in one process: its modules are imported once, and each playbook gets a fork of
its own, so that none sees what another left in memory.

Standard input: a line of JSON a playbook: {"id": 1, "cwd": "...", "argv": ["site.yaml", "-i", "hosts.yaml"]}.
Standard output: first {"version": "2.14.18"}, then a line for each playbook, in the order in which they end:
{"id": 1, "code": 0, "error": null, "events": [...], "output": "..."}. `error` is what Ansible raised, `events` are what
callback/peer_events.py writes. The one argument is how many playbooks run at a time.
"""
import gc
import json
import os
import select
import sys
import tempfile
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
os.environ.update(
    ANSIBLE_CONFIG=os.path.join(HERE, 'ansible.cfg'),
    ANSIBLE_PYTHON_INTERPRETER=sys.executable,
    LC_ALL='C.UTF-8',
)

from ansible.cli.playbook import PlaybookCLI  # noqa: E402
from ansible.release import __version__  # noqa: E402

# What every playbook needs, loaded before the first fork.
import ansible.executor.task_queue_manager  # noqa: E402,F401
import ansible.plugins.action.command  # noqa: E402,F401
import ansible.plugins.action.debug  # noqa: E402,F401
import ansible.plugins.action.set_fact  # noqa: E402,F401
import ansible.plugins.connection.local  # noqa: E402,F401
import ansible.plugins.filter.core  # noqa: E402,F401
import ansible.plugins.strategy.linear  # noqa: E402,F401


def run(request, events_path):
    """In the fork: the exit code, and what was raised."""
    os.chdir(request['cwd'])
    os.environ['PEER_EVENTS'] = events_path
    os.environ['HOME'] = request['cwd']
    os.environ['ANSIBLE_LOCAL_TEMP'] = os.path.join(request['cwd'], '.ansible-local')
    try:
        cli = PlaybookCLI(['ansible-playbook'] + request['argv'])
        return cli.run(), None
    except SystemExit as ended:
        return int(ended.code or 0), 'SystemExit'
    except BaseException as error:  # pylint: disable=broad-except
        print(traceback.format_exc())
        return 1, '%s: %s' % (type(error).__name__, error)


def begin(request):
    """Forks; gives the process id and the files that the fork writes."""
    folder = tempfile.mkdtemp(prefix='zrun-peer-')
    child = os.fork()
    if child:
        return child, folder
    status = 1
    try:
        with open(os.path.join(folder, 'output'), 'w') as output:
            with open(os.devnull) as nothing:
                os.dup2(nothing.fileno(), 0)
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            code, error = run(request, os.path.join(folder, 'events'))
            sys.stdout.flush()
            with open(os.path.join(folder, 'end'), 'w') as end:
                json.dump({'code': code, 'error': error}, end)
        status = 0
    finally:
        os._exit(status)


def read(folder, name, default):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return default
    with open(path, errors='replace') as file:
        return file.read()


def answer(request, folder):
    end = json.loads(read(folder, 'end', '{"code": 1, "error": "the fork ended early"}'))
    events = [json.loads(line) for line in read(folder, 'events', '').splitlines()]
    say({'id': request['id'], 'events': events, 'output': read(folder, 'output', ''), **end})
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.rmdir(folder)


def say(value):
    sys.stdout.write(json.dumps(value) + '\n')
    sys.stdout.flush()


def main():
    at_a_time = int(sys.argv[1])
    gc.collect()
    gc.freeze()
    say({'version': __version__})
    queue, running, text, reading = [], {}, b'', True
    while reading or queue or running:
        while queue and len(running) < at_a_time:
            request = queue.pop(0)
            child, folder = begin(request)
            running[child] = (request, folder)
        # A short wait while a fork works, since nothing else tells that it has ended.
        if reading and select.select([0], [], [], 0.02 if running else None)[0]:
            more = os.read(0, 65536)
            reading = more != b''
            *lines, text = (text + more).split(b'\n')
            queue.extend(json.loads(line) for line in lines)
        if running:
            child, _ = os.waitpid(-1, os.WNOHANG if reading else 0)
            if child:
                answer(*running.pop(child))


main()
