# Which commands there are.
section tools
for tool in rsync zfs zpool docker dockerd blkid wipefs mkfs.ext4 resize2fs systemctl udevadm blockdev fstrim unshare timeout; do has "$tool" && echo "$tool"; done
