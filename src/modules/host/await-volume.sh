# await_volume DEVICE SIZE: waits until the link of a volume is a block device of just this size, in bytes, at most a minute:
# links appear late (openzfs#8669, #12484, #12507). Ends the script with 74, which blockdev.ts knows, and a message where it
# waits in vain.
await_volume() {
  device=$1; size=$2; tries=0
  if command -v udevadm >/dev/null 2>&1; then udevadm settle --timeout=30 || :; fi
  until [ -b "$device" ] && [ "$(blockdev --getsize64 "$device" 2>/dev/null)" = "$size" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ]; then
      if [ -b "$device" ]; then echo "$device has $(blockdev --getsize64 "$device") bytes, not $size" >&2
      else echo "$device does not appear" >&2; fi
      exit 74
    fi
    # An event that was lost is sent once more.
    [ "$tries" -ne 20 ] || ! command -v udevadm >/dev/null 2>&1 || udevadm trigger --action=change --subsystem-match=block
    sleep 0.5 2>/dev/null || sleep 1
  done
}
