# elsewhere DATA_ROOT: where else than at its mount point a file system is seen, for root, who alone sees all namespaces. Of a
# plain folder of a ZFS filesystem: where else than by its path that folder is seen, or what is mounted there later is not.
# DATA_ROOT has no link on the way.
#
# Prints a line each: process id, program, unit, `path` or `dataset`, which one, and where it is mounted; `-` for all of
# the process in the host's own namespace. Needs modules/host/process.sh.
#
# What unmounting reaches is left out: in a namespace that follows the host's, as those of services do, whose own copy of the
# mount goes along, with what is copied below it. So are the containers and plugins of the Docker whose data-root it is, by
# their control groups, and that Docker itself: they end before anything is unmounted.

look_elsewhere() {
  real=$1
  # A process of each mount namespace that is not only a container's, and of each root that it has. By xargs: one command
  # cannot be given tens of thousands of paths.
  seers=$({
    ls -- "$real/containers" "$real/plugins"
    echo /
    printf '%s\0' /proc/[0-9]*/ns/mnt /proc/[0-9]*/root | xargs -0 ls -l /proc/self/ns/mnt
    printf '%s\0' /proc/[0-9]*/cgroup | xargs -0 grep -H ''
  } 2>/dev/null | awk '
    !isListed { if ($0 == "/") isListed = 1; else if (length($0) == 64) known[$0]; next }
    match($0, /\/proc\/[0-9a-z]+\/(ns\/mnt|root) -> /) {
      split(substr($0, RSTART), part, "/"); to = substr($0, RSTART + RLENGTH)
      if (part[4] == "ns") ns[part[3]] = to; else root[part[3]] = to
      next
    }
    {
      split($0, part, "/"); count = split($0, word, "[/.:-]")
      for (i = 1; i <= count; i++) if (word[i] in known) docker[part[3]]
      if ($0 ~ /\/docker[.]service(\/|$)/) docker[part[3]]
    }
    END {
      for (pid in ns) {
        if (pid == "self" || ns[pid] == ns["self"] || pid in docker) continue
        key = ns[pid] SUBSEP root[pid]
        if (!(key in seer) || pid + 0 < seer[key] + 0) seer[key] = pid
      }
      for (key in seer) print "/proc/" seer[key] "/mountinfo"
    }')
  # shellcheck disable=SC2086 # paths below /proc have no blanks
  grep -s -H '' /proc/self/mountinfo $seers | REAL=$(printf '%s' "$real" | sed 's/\\/\\134/g; s/ /\\040/g') awk '
    # Where a place lies in the file system of the mount that holds it.
    function inside(folder, of, place,   rest) {
      rest = of == "/" ? place : substr(place, length(of) + 1)
      return folder == "/" ? (rest == "" ? "/" : rest) : folder rest
    }
    {
      at = index($0, ":"); split(substr($0, 1, at), part, "/"); count = split(substr($0, at + 1), field, " ")
      n++; pid[n] = part[3]
      id[n] = field[1]; parent[n] = field[2]; dev[n] = field[3]; folder[n] = field[4]; target[n] = field[5]
      number[pid[n], id[n]] = n
      for (k = 7; k <= count && field[k] != "-"; k++) {
        if (field[k] ~ /^shared:/) peers[n] = substr(field[k], 8)
        else if (field[k] ~ /^master:/) master[n] = substr(field[k], 8)
      }
      kind[n] = field[k + 1]; source[n] = field[k + 2]
    }
    END {
      real = ENVIRON["REAL"]
      for (i = 1; i <= n; i++) if (pid[i] == "self" && target[i] == real) m = i
      for (i = 1; i <= n; i++) if (pid[i] == "self") { isOwn[id[i]]; isHere[dev[i], folder[i], target[i]] }
      # A folder of a larger file system is not unmounted, but renamed, and something else is mounted where it was. A mount
      # of the folder at its own place is from zrun, which keeps it from being written to.
      if (!m || folder[m] != "/") {
        for (i = 1; i <= n; i++)
          if (pid[i] == "self" && target[i] != real && (target[i] == "/" || index(real, target[i] "/") == 1) &&
            (!p || length(target[i]) >= length(target[p]))) p = i
        if (!p) exit
        path = inside(folder[p], target[p] == "/" ? "" : target[p], real)
        if (m && (dev[m] != dev[p] || folder[m] != path)) exit
      } else p = number["self", parent[m]]
      # The groups of peers that hear of it when something is mounted or unmounted in the folder above, from one to the next.
      if (p && peers[p] != "") group[peers[p]]
      do {
        more = 0
        for (i = 1; i <= n; i++) if (master[i] in group && peers[i] != "" && !(peers[i] in group)) { group[peers[i]]; more = 1 }
      } while (more)
      for (i = 1; path != "" && i <= n; i++) {
        of = pid[i]
        if (dev[i] != dev[p] || (of != "self" && (id[i] in isOwn || (dev[i], folder[i], target[i]) in isHere && folder[i] != "/"))) continue
        # What is mounted inside is looked at elsewhere.
        if (of == "self" && (target[i] == real || index(target[i], real "/") == 1)) continue
        if (folder[i] == path || index(folder[i], path "/") == 1) {
          what = substr(folder[i], length(path) + 1); at = target[i]
        } else if (folder[i] == "/" || index(path, folder[i] "/") == 1) {
          if (i == p || peers[i] in group || master[i] in group) continue
          what = ""; at = (target[i] == "/" ? "" : target[i]) (folder[i] == "/" ? path : substr(path, length(folder[i]) + 1))
          # Something else is mounted on the way there.
          hides = 0
          for (k = 1; k <= n; k++)
            if (pid[k] == of && (length(target[k]) > length(target[i]) || (k > i && target[k] == target[i])) && (at == target[k] || index(at, target[k] "/") == 1)) hides = 1
          if (hides) continue
        } else continue
        # A copy of one that the host has goes away with it.
        if (of == "self") toldHere[folder[i], target[i]]
        else if ((folder[i], target[i]) in toldHere) continue
        if (seen[id[i]]++) continue
        if (++shown > 20) exit
        print of "\tpath\t" (what == "" ? "/" : what) "\t" at
      }
      if (path != "") exit
      place = p ? inside(folder[p], target[p], real) : ""
      for (i = 1; i <= n; i++) {
        of = pid[i]
        isSame = dev[i] == dev[m]
        if (!isSame && (kind[i] != "zfs" || index(source[i], source[m] "/") != 1)) continue
        if (of == "self" ? target[i] == real || index(target[i], real "/") == 1 : id[i] in isOwn) continue
        q = number[of, parent[i]]
        # A copy of the mount itself, in a namespace that follows that of the host, goes with it.
        if (of != "self" && isSame && folder[i] == "/" && q && dev[q] == dev[p] && (peers[q] in group || master[q] in group) && inside(folder[q], target[q], target[i]) == place) {
          copy[of, ++copies[of]] = target[i]
          continue
        }
        goes = 0
        for (k = 1; k <= copies[of]; k++)
          if (index(target[i], copy[of, k] "/") == 1 && (!isSame || (dev[i], folder[i], real substr(target[i], length(copy[of, k]) + 1)) in isHere)) goes = 1
        if (goes || seen[id[i]]++) continue
        # A copy of one that the host has goes away with it, or is printed after it.
        if (of == "self") toldHere[dev[i], folder[i], target[i]]
        else if ((dev[i], folder[i], target[i]) in toldHere) continue
        # Nothing is printed of what is mounted inside a place that was printed already.
        for (k = 1; k <= places[of]; k++)
          if (target[i] == told[of, k] || told[of, k] == "/" || index(target[i], told[of, k] "/") == 1) goes = 1
        if (goes) continue
        told[of, ++places[of]] = target[i]
        # As many as a person reads.
        if (++shown > 20) exit
        print of "\t" (isSame ? "path" : "dataset") "\t" (isSame ? folder[i] : source[i]) "\t" target[i]
      }
    }' | while IFS='	' read -r of kind what at; do
    case $of in
      self) printf -- '-\t-\t-\t%s\t%s\t%s\n' "$kind" "$what" "$at" ;;
      *) printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$of" "$(program_of "$of")" "$(unit_of "$of")" "$kind" "$what" "$at" ;;
    esac
  done
}

# Some namespaces only last for a moment: what looks below a mount has one.
elsewhere() {
  found=$(look_elsewhere "$1")
  [ -n "$found" ] || return 0
  sleep 1; look_elsewhere "$1"
}
