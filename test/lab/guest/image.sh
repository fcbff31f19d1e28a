#!/bin/sh
# Owns what is done to a fresh root file system before it becomes a disk image. mmdebstrap runs it as a customize
# hook, on the machine that builds: $1 is the root file system, with /proc, /sys and /dev mounted in it.
# LAB_KEYS is a folder with the host keys (ssh_host_*) and client.pub.
# It must not know of hosts, ports or pools: those belong to the machine that boots the image.
set -eu
root=$1
in_root() { chroot "$root" "$@"; }

# shellcheck disable=SC2012 # releases of Linux
kernel=$(ls "$root/lib/modules" | sort -V | tail -n 1)

# A module that failed to build leaves a package that only looks installed: find out here and not at the first boot.
if ! in_root modinfo -k "$kernel" zfs >/dev/null 2>&1; then
  in_root dkms autoinstall -k "$kernel" || true
  in_root modinfo -k "$kernel" zfs >/dev/null || {
    echo "lab: the zfs module was not built for $kernel" >&2
    cat "$root"/var/lib/dkms/zfs/*/build/make.log 2>/dev/null | tail -n 40 >&2
    exit 1
  }
fi

# --- accounts: a user whose sudo is free, one whose sudo asks, and root, all let in by the same key -----------------
in_root useradd --create-home --shell /bin/bash zrun
in_root useradd --create-home --shell /bin/bash pwsudo
echo 'pwsudo:secret' | in_root chpasswd
printf '%s\n' 'zrun ALL=(ALL:ALL) NOPASSWD: ALL' 'pwsudo ALL=(ALL:ALL) ALL' > "$root/etc/sudoers.d/lab"
chmod 0440 "$root/etc/sudoers.d/lab"
for user in root zrun pwsudo; do
  home=$(in_root sh -c "getent passwd $user | cut -d: -f6")
  in_root install -d -m 0700 -o "$user" -g "$user" "$home/.ssh"
  cp "$LAB_KEYS/client.pub" "$root$home/.ssh/authorized_keys"
  in_root chown "$user:$user" "$home/.ssh/authorized_keys"
  in_root chmod 0600 "$home/.ssh/authorized_keys"
done

# --- sshd: host keys that the controller already knows, so that strict checking holds from the first connection ------
rm -f "$root"/etc/ssh/ssh_host_*
cp "$LAB_KEYS"/ssh_host_* "$root/etc/ssh/"
in_root sh -c 'chown root:root /etc/ssh/ssh_host_*; chmod 0600 /etc/ssh/ssh_host_*_key; chmod 0644 /etc/ssh/ssh_host_*.pub'

# --- network: QEMU's user mode always gives this address; no DHCP to wait for ----------------------------------------
cat > "$root/etc/systemd/network/10-lab.network" <<'NET'
[Match]
Name=en* eth*
[Network]
Address=10.0.2.15/24
Gateway=10.0.2.2
LinkLocalAddressing=no
IPv6AcceptRA=no
NET
in_root systemctl enable systemd-networkd.service ssh.service
echo labhost > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 labhost\n' > "$root/etc/hosts"
echo '/dev/vda / ext4 errors=remount-ro 0 1' > "$root/etc/fstab"
rm -f "$root/etc/resolv.conf"
: > "$root/etc/resolv.conf"
in_root systemd-machine-id-setup >/dev/null 2>&1 || true

# --- memory: a guest is small, and an ARC that takes half of it would starve Docker -----------------------------------
echo 'options zfs zfs_arc_max=268435456' > "$root/etc/modprobe.d/lab-zfs.conf"

# Docker starts only once its pool is there (prepare.sh enables it again).
in_root systemctl disable docker.service docker.socket containerd.service
# A restored snapshot's clock jumps forward: whatever is due daily would start at once and be noise in a test.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
  man-db.timer logrotate.timer systemd-tmpfiles-clean.timer e2scrub_reap.service; do
  in_root systemctl mask "$unit" 2>/dev/null
done

# What only the module's build needed would make every image half as big again.
rm -rf "$root"/var/lib/dkms/zfs/*/build "$root"/usr/src/zfs-* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
