#!/bin/sh
# What ansible-inventory --list prints can be an inventory again.
# shellcheck disable=SC2028 # what echo makes of it is JSON under dash
echo '{"_meta": {"hostvars": {"h": {"u": {"__ansible_unsafe": "{{ x }}"}, "v": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\\n61\\n"}}}}, "all": {"children": ["ungrouped", "g"]}, "g": {"hosts": ["h"]}}'
