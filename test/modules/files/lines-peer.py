# Owns how Ansible's own lineinfile and blockinfile are asked what they would make of a text: cases as JSON on standard
# input, the lines that came of each on standard output. Runs where ansible-core is installed; touches no file but its own.
import json, os, sys, tempfile
from ansible.modules import blockinfile, lineinfile


class Ended(Exception):
    pass


class Module:
    boolean = staticmethod(bool)
    check_mode = False
    _diff = False
    tmpdir = tempfile.gettempdir()

    def __init__(self, params):
        self.params = params

    def exit_json(self, **result):
        raise Ended(result.get("msg", ""))

    def fail_json(self, **result):
        raise Ended("failed: " + result.get("msg", ""))

    def warn(self, text):
        pass

    def load_file_common_arguments(self, params):
        return {}

    def set_fs_attributes_if_different(self, *rest, **more):
        return False


def write(module, content, path):
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else b"".join(content))


lineinfile.write_changes = write
lineinfile.check_file_attrs = lambda module, changed, message, diff: (message, changed)
blockinfile.write_changes = write
blockinfile.check_file_attrs = lambda module, changed, message, diff: (message, changed)


def run(case, path):
    params = case["params"]
    module = Module({**params, "path": path})
    try:
        if case["module"] == "blockinfile":
            blockinfile.AnsibleModule = lambda **rest: module
            blockinfile.main()
        elif params["state"] == "absent":
            lineinfile.absent(module, path, params["regexp"], params["search_string"], params["line"], False)
        else:
            keys = ["regexp", "search_string", "line", "insertafter", "insertbefore", "create", "backup", "backrefs", "firstmatch"]
            lineinfile.present(module, path, *[params[key] for key in keys])
    except Ended as end:
        return str(end)


results = []
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "text")
    for case in json.load(sys.stdin):
        with open(path, "w", newline="") as file:
            file.write(case["text"])
        said = run(case, path)
        with open(path, newline="") as file:
            results.append({"text": file.read(), "said": said})
json.dump(results, sys.stdout)
