"""
An Ansible callback that writes what each host did as lines of JSON, to the file that PEER_EVENTS names:
{"type": "task", "host", "task", "action", "status", "msg", "label"} (`item` in place of `task` for an item of a loop),
{"type": "recap", "host", "ok", "changed", ...} at the end.
"""
import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: peer_events
type: stdout
short_description: events as lines of JSON
description: what each host did, in its order
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'peer_events'

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._file = open(os.environ['PEER_EVENTS'], 'w')

    def _write(self, **event):
        self._file.write(json.dumps(event, default=str) + '\n')
        self._file.flush()

    def _result(self, kind, status, result, ignored=False):
        # 2.19 has these without the underscore.
        task = getattr(result, 'task', None) or result._task
        host = getattr(result, 'host', None) or result._host
        said = getattr(result, 'result', None) or result._result
        msg = said.get('msg')
        self._write(
            type=kind,
            host=host.get_name(),
            task=task.get_name(),
            action=task.action.split('.')[-1],
            status='ignored' if ignored else status,
            # JSON has no place for what is only text to Ansible.
            msg=json.loads(json.dumps(msg, default=str)),
            label=said.get('_ansible_item_label', said.get('item')),
        )

    def v2_runner_on_ok(self, result):
        said = getattr(result, 'result', None) or result._result
        self._result('task', 'changed' if said.get('changed') else 'ok', result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._result('task', 'failed', result, ignore_errors)

    def v2_runner_on_skipped(self, result):
        self._result('task', 'skipped', result)

    def v2_runner_on_unreachable(self, result):
        task = getattr(result, 'task', None) or result._task
        self._result('task', 'unreachable', result, bool(task.ignore_unreachable))

    def v2_runner_item_on_ok(self, result):
        said = getattr(result, 'result', None) or result._result
        self._result('item', 'changed' if said.get('changed') else 'ok', result)

    def v2_runner_item_on_failed(self, result):
        self._result('item', 'failed', result)

    def v2_runner_item_on_skipped(self, result):
        self._result('item', 'skipped', result)

    def v2_playbook_on_stats(self, stats):
        for host in sorted(stats.processed):
            self._write(type='recap', host=host, **stats.summarize(host))
