# The machine: what it is, and what manages it. Before it: base.sh.
section machine; cat /etc/machine-id
section boot; cat /proc/sys/kernel/random/boot_id
section host
[ -d /run/systemd/system ] && echo systemd
if [ -r /run/systemd/container ]; then echo "container=$(cat /run/systemd/container)"
elif [ -e /.dockerenv ]; then echo container=docker
elif [ -r /proc/1/environ ] && grep -q -z '^container=' /proc/1/environ; then tr '\0' '\n' </proc/1/environ | grep '^container='
fi
has pveversion && echo proxmox
has midclt && echo truenas
[ -d /var/snap/docker ] && echo snap
