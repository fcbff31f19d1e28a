# await_state UNIT STATE SECONDS COMMAND: waits until a unit is as a command should have made it, `active` or `inactive`. Ends
# the script with 1 where it is something else for good, and with 124, which systemd_service.ts knows, where it is still on its
# way after so many seconds; both with the last lines of its journal.
await_state() {
  unit=$1
  # One of Type=simple counts as active as soon as its process is forked: it is looked at twice.
  i=0; seen=; [ "$2" = active ] || seen=once
  while :; do
    a=$(get ActiveState) || exit
    case $2/$a in active/active | active/reloading | inactive/inactive | inactive/failed)
      case $seen$(get Type) in simple | exec | idle) seen=once; sleep 1; continue ;; esac
      break ;;
    esac
    # Units of Type=oneshot are over when they have done their work: inactive, with a good result.
    case $2/$a/$(get Result)/$(get Type) in active/inactive/success/oneshot) break ;; esac
    case $a in activating | deactivating | reloading) ;; *)
      echo "$unit is $a after '$4' (result: $(get Result), conditions met: $(get ConditionResult), assertions met: $(get AssertResult))" >&2
      journal; exit 1 ;;
    esac
    [ $i -lt "$3" ] || { echo "$unit is still $a" >&2; journal; exit 124; }
    i=$((i + 1)); sleep 1
  done
}
get() { systemctl show --no-pager --value -p "$1" -- "$unit"; }
journal() { journalctl --no-pager -q -n 20 -u "$unit" >&2; }
