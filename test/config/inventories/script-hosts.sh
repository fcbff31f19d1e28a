#!/bin/sh
# Without _meta: one call a host.
case $1 in
--list) echo '{"g": {"hosts": ["a", "b", "c"]}, "all": {"vars": {"v": true}}}' ;;
--host) case $2 in a) echo '{"name": "is a"}' ;; b) echo '{}' ;; c) echo '{"n": [1]}' ;; esac ;;
esac
