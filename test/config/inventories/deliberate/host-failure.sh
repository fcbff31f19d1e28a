#!/bin/sh
[ "$1" = --list ] && echo '{"g": ["a"]}' && exit
echo '{"x": 1}'; echo 'no such host' >&2; exit 1
