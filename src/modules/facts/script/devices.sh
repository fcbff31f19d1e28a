# Block devices that have a size, and their partitions. Before it: base.sh.
section devices
value() { line=; IFS= read -r line <"$1"; printf '\t%s' "$line"; }
for each in /sys/block/*; do
  [ -d "$each" ] || continue
  size=0; read -r size <"$each/size"
  [ "${size:-0}" -gt 0 ] || continue
  name=${each##*/}
  printf 'device\t%s' "$name"
  for file in size removable queue/rotational ro device/model device/vendor device/serial; do value "$each/$file"; done
  [ -e "$each/device" ] && printf '\tphysical'
  printf '\n'
  for part in "$each/$name"*; do
    [ -e "$part/partition" ] || continue
    printf 'partition\t%s' "${part##*/}"
    for file in size start partition; do value "$part/$file"; done
    printf '\n'
  done
done
