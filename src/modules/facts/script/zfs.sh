# ZFS: module, userland, pools, and what zrun has marked. Before it: base.sh.
section module; cat /sys/module/zfs/version
if has zfs; then
  section userland; zfs version
  section pools; zpool list -Hp -o name,size,allocated,free,health,readonly
  section tops; zfs list -Hp -o name,available -d 0
  section snapshot_tools
  for tool in sanoid syncoid zrepl pyznap zfs-autobackup; do has "$tool" && echo "$tool"; done
  section marked
  marked=$(zfs get -Hp -s local -t filesystem,volume -o name,property,value zrun:role,zrun:run,zrun:origin,zrun:data-root,zrun:copied,zrun:live,zrun:done,zrun:done-at,zrun:putting-back,zrun:layout,zrun:guid)
  printf '%s\n' "$marked"
  printf '%s\n' "$marked" | awk -F '\t' '$2 == "zrun:role" { print $1 }' | while IFS= read -r name; do
    zfs get -Hp -o name,property,value used,volsize,refreservation "$name"; key_of "$name"
  done
fi
