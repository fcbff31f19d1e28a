# Interfaces, their addresses, and the ways out. Nothing is sent: `route get` only asks the kernel. Before it: base.sh.
section interfaces
value() { line=; IFS= read -r line <"$1"; printf '\t%s' "$line"; }
for each in /sys/class/net/*; do
  [ -d "$each" ] || continue
  printf '%s' "${each##*/}"
  for file in address mtu operstate type; do value "$each/$file"; done
  kind=
  [ -d "$each/bridge" ] && kind=bridge
  [ -d "$each/bonding" ] && kind=bond
  [ -e "$each/tun_flags" ] && kind=tun
  [ -e "/proc/net/vlan/${each##*/}" ] && kind=vlan
  printf '\t%s\n' "$kind"
done
section addresses; ip -o addr show
section route4; ip -4 route get 8.8.8.8
section route6; ip -6 route get 2404:6800:400a:800::1012
section resolv; grep -e '^nameserver' -e '^search' -e '^domain' /etc/resolv.conf
section fqdn; limit 5 hostname -f
