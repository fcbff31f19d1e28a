# What a process is called, and whom it belongs to. Both print a line, or nothing.

# program_of PID: its name, without what a terminal or a reader of lines would stumble over.
program_of() { tr '\001-\037\177' '?' <"/proc/$1/comm" 2>/dev/null | sed 's/?$//'; }

# unit_of PID: the service or the scope that it belongs to, unless we do: without logind, sessions belong to sshd's own
# unit, which must not be stopped.
unit_of() {
  own=$(unit_in /proc/self/cgroup)
  unit=$(unit_in "/proc/$1/cgroup")
  [ "$unit" = "$own" ] || printf '%s\n' "$unit"
}
unit_in() { sed -n -E 's#^(0:|1:name=systemd):.*/([^/]*[.](service|scope))(/.*)?$#\2#p' "$1" 2>/dev/null | head -n 1; }
