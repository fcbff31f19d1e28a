#!/bin/sh
[ "$1" = --list ] || exit 9
cat <<'EOF'
{
  "web": {"hosts": ["w1", "w2"], "vars": {"a": 1, "t": "{{ x }}", "yes": "yes"}, "children": ["sub"]},
  "sub": {"hosts": ["s1"]},
  "plain": ["p1", "w1"],
  "prio": {"hosts": ["w1"], "vars": {"ansible_group_priority": 7, "a": 2}},
  "_meta": {"hostvars": {"w1": {"x": [1, {"y": null}]}, "ghost": {"z": 1}}}
}
EOF
