# How large the local file systems are, and how full. Those of a network are left out: their server may be gone, and the
# look would hang. Before it: base.sh; section `mounts` is printed too.
section sizes
awk '
{
  for (i = 7; i <= NF && $i != "-"; i++);
  if ($(i + 1) == "zfs" || $(i + 2) ~ /^\/dev\//) {
    gsub(/\\040/, " ", $5); gsub(/\\011/, "\t", $5); gsub(/\\134/, "\\", $5); print $5
  }
}' /proc/self/mountinfo | tr '\n' '\0' | limit 5 xargs -0 stat -f -c '%S %b %a %c %d %n' --
