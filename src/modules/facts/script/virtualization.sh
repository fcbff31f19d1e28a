# What the machine runs in, if anything. Before it: base.sh, and section `host`.
section virtual
if has systemd-detect-virt; then echo "detected $(systemd-detect-virt)"; fi
grep -q -m 1 '^flags.* hypervisor' /proc/cpuinfo && echo hypervisor
[ -r /sys/hypervisor/type ] && echo "type $(cat /sys/hypervisor/type)"
for each in sys_vendor product_name bios_vendor; do
  [ -r "/sys/class/dmi/id/$each" ] && echo "$each $(cat "/sys/class/dmi/id/$each")"
done
