#!/bin/sh
echo '{"web": ["w1"], "single": {"ansible_host": "192.0.2.3", "x": 1}, "none": {}, "_meta": {"hostvars": {}}}'
