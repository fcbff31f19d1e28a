# start_units NAME SECONDS UNIT=STATE…: starts units. Those that start by dependency only (RefuseManualStart) are wanted by a
# target of their own, zrun-NAME.target, for as long as it takes. All are asked to start at once, and each is waited for
# until it is as it was, STATE, or has failed; SECONDS for all. Leaves those that differ in $bad, three words each, and tells
# them with the last lines of their journal.

# Names of units have no blanks.
# shellcheck disable=SC2086

start_units() {
  by_hand=; refusing=; helper=zrun-$1.target; limit=$2; shift 2
  for pair do
    u=${pair%=*}
    if [ "$(systemctl show --value -p RefuseManualStart -- "$u")" = yes ]; then refusing="$refusing $u"; else by_hand="$by_hand $u"; fi
  done
  [ -z "$by_hand" ] || systemctl --no-ask-password start --no-block $by_hand </dev/null >&2
  if [ -n "$refusing" ]; then
    { printf '[Unit]\n'; printf 'Wants=%s\n' $refusing; } >/run/systemd/system/$helper && systemctl daemon-reload && systemctl start --no-block $helper </dev/null >&2
  fi
  # Twice in a row nothing is on its way: one of Type=simple counts as active as soon as its process is forked.
  i=0; again=
  while :; do
    look "$@"
    if [ -z "$busy" ]; then [ -z "$again" ] || break; again=1; else again=; fi
    [ $i -lt "$limit" ] || break
    i=$((i + 1)); sleep 1
  done
  if [ -n "$refusing" ]; then systemctl stop $helper; rm -f /run/systemd/system/$helper; systemctl daemon-reload; fi
  set -- $bad
  while [ $# -ge 3 ]; do
    printf 'differs %s %s %s\n' "$1" "$2" "$3"
    journalctl --no-pager -q -n 5 -u "$1" >&2
    shift 3
  done
}

# look UNIT=STATE…: $bad becomes those that differ, $busy not empty where one is still on its way.
look() {
  bad=; busy=
  for pair do
    u=${pair%=*}; was=${pair##*=}
    a=; job=; result=; type=
    eval "$(systemctl show -p ActiveState,Job,Result,Type -- "$u" | sed -n -e 's/^ActiveState=\([a-z-]*\)$/a=\1/p' -e 's/^Job=\([0-9]*\)$/job=\1/p' -e 's/^Result=\([a-z-]*\)$/result=\1/p' -e 's/^Type=\([a-z-]*\)$/type=\1/p')"
    case $was/$a/$type/$result in
      */active/* | */reloading/* | activating/activating/*) continue ;;
      */inactive/oneshot/success) [ "${job:-0}" -ne 0 ] || continue ;;
    esac
    bad="$bad $u $was $a"
    if [ "${job:-0}" -ne 0 ]; then busy=1; else case $a in activating | deactivating) busy=1 ;; esac; fi
  done
}
