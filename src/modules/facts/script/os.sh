# The system: what distribution it is, and what manages its services and packages. Before it: base.sh.
section system
cat /etc/debian_version && echo
printf 'init '
if [ -d /run/systemd/system ]; then echo systemd
elif [ -d /run/openrc ]; then echo openrc
else cat /proc/1/comm; fi
for each in apt-get dnf5 dnf yum zypper pacman apk emerge xbps-install opkg; do
  has "$each" && echo "packages $each" && break
done
[ -r /sys/fs/selinux/enforce ] && echo "selinux $(cat /sys/fs/selinux/enforce)"
[ -r /sys/module/apparmor/parameters/enabled ] && echo "apparmor $(cat /sys/module/apparmor/parameters/enabled)"
