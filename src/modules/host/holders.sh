# holders DATA_ROOT: processes that keep a data-root from being unmounted, but for Docker's own, by their control groups,
# and those of its containers and plugins. DATA_ROOT has no link on the way.
#
# Prints a line each: process id, program, unit, path. Needs process.sh.
holders() {
  # Names of containers and plugins, what control groups the processes are in, and what they have open, in three parts.
  # By xargs: one command cannot be given tens of thousands of paths.
  {
    ls -- "$1/containers" "$1/plugins"
    echo /
    printf '%s\0' /proc/[0-9]*/cgroup | xargs -0 grep -H ''
    echo /
    printf '%s\0' /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/exe /proc/[0-9]*/fd | xargs -0 ls -l /dev/null
  } 2>/dev/null | REAL=$1 awk '
    BEGIN { real = ENVIRON["REAL"] }
    $0 == "/" { part_++; next }
    !part_ { if (length($0) == 64) known[$0]; next }
    part_ == 1 {
      split($0, part, "/"); count = split($0, word, "[/.:-]")
      for (i = 1; i <= count; i++) if (word[i] in known) docker[part[3]]
      if ($0 ~ /\/(docker|containerd)[.]service(\/|$)/) docker[part[3]]
      next
    }
    /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); pid = part[3]; next }
    {
      at = index($0, " -> "); to = substr($0, at + 4)
      if (!at || (to != real && index(to, real "/") != 1)) next
      who = pid; before = substr($0, 1, at - 1)
      if (match(before, /\/proc\/[0-9]+\/[a-z]+$/)) { split(substr(before, RSTART), part, "/"); who = part[3] }
      if (who in docker || seen[who]++) next
      # As many as a person reads.
      if (++shown > 20) exit
      gsub(/[[:cntrl:]]/, "?", to)
      print who "\t" to
    }' | while IFS='	' read -r pid path; do
    printf '%s\t%s\t%s\t%s\n' "$pid" "$(program_of "$pid")" "$(unit_of "$pid")" "$path"
  done
}
