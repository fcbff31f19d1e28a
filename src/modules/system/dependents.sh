# dependents FOLDER CLIENT UNIT…: which units of systemd depend on others, which is what modules/system/dependents.ts reads.
# Reads what systemd has loaded once; mounts below a mount point among the units are never told, since Docker makes them and
# takes them away. For hosts that run systemd.
#
# FOLDER: units that need a mount of it or of what is in it (RequiresMountsFor) count as `requires`, also where systemd does
# not stop them with it, as it does not where ZFS has mounted it by itself; may be empty. CLIENT: not empty where services
# that call Docker's client count, too.
#
# Prints a line each: unit, how, ActiveState, SubState, `stays`, obstacle, marks.
dependents() {
  folder=$1 client=$2; shift 2
  roots="$*"
  # Where a program stands (`/usr/bin/docker`, `docker-compose`), or with a command that changes something. `journalctl -u
  # docker`, `rsync /var/lib/docker` and dockerd itself are none. One extended regular expression for grep and awk.
  [ -z "$client" ] || client='(bin/docker|/docker-compose)([^A-Za-z0-9_./-]|$)|(^|[^A-Za-z0-9_./-])docker(-compose)?[ ]+(-[^;|&]*[ ])?(run|start|restart|create|compose|container|stack|service|exec|build|buildx|pull|load|import|up|down|rm|rmi|stop|kill|system|volume|network|image|swarm)([^A-Za-z0-9_-]|$)'
  own=$(sed -n 's#.*/\([^/]*[.]service\)\(/.*\)\{0,1\}$#\1#p' /proc/self/cgroup 2>/dev/null | head -n 1)
  mounts=$(systemctl show --no-pager --value -p RequiredBy,RequisiteOf,BoundBy,ConsistsOf "$@" | tr ' ' '\n' | grep -e '[.]mount$' -e '[.]automount$' | sort -u)
  # shellcheck disable=SC2086 # names of units have no blanks
  known=$(systemctl show --no-pager --all -p Id,LoadState,UnitFileState,NeedDaemonReload,FragmentPath,RefuseManualStop,RequiresMountsFor,Transient,ActiveState,SubState,Type,RemainAfterExit,MainPID,Requires,Requisite,BindsTo,PartOf,StopPropagatedFrom,Wants,After,Triggers,ExecStart,ExecStartPre,ExecStartPost,ExecCondition,ExecStop,ExecStopPost '*.service' '*.timer' '*.path' '*.socket' '*.target' $mounts)
  # Scripts that units run, and that call the client.
  scripts=
  if [ -n "$client" ]; then
    scripts=$(printf '%s\n' "$known" |
      sed -n 's/^Exec[A-Za-z]*={ path=[^ ]* ; argv\[\]=\(.*\) ; ignore_errors=.*/\1/p' |
      tr ' ' '\n' | grep '^/' | sort -u | tr '\n' '\0' |
      xargs -0 -r sh -c 'find -L "$@" -maxdepth 0 -type f -size -2048 -print0' sh 2>/dev/null |
      xargs -0 -r grep -lsIE -e "$client" -- | tr '\n' ' ')
  fi
  printf '%s\n' "$known" | FOLDER="$folder" ROOTS="$roots" OWN="$own" CLIENT="$client" SCRIPTS="$scripts" awk '
    function fold() {
      if (id == "" || id in kept) { reset(); return }
      kept[id] = 1; n++
      name[n] = id; a[n] = active; s[n] = sub_; need[n] = needs; order[n] = after; starts[n] = triggers
      # One that is not kept in a file is gone once it is stopped.
      calls[n] = called && transient != "yes"; uses[n] = called && transient == "yes"
      within[n] = inside
      stays[n] = remains == "yes" && active == "active" && (sub_ == "exited" || type == "oneshot") && (pid == "" || pid == "0")
      job[n] = type == "oneshot" && active == "activating" && sub_ != "auto-restart"
      refuses[n] = refuse == "yes"
      if (active ~ /^(active|activating|reloading|refreshing)$/) {
        if (transient == "yes") what[n] = "transient"
        else if (load == "masked" || file ~ /^masked/) what[n] = "masked"
        else if (load == "not-found" || (load == "loaded" && fragment == "")) what[n] = "missing"
        else if (load != "" && load != "loaded") what[n] = "broken"
        else if (reload == "yes") what[n] = (getline line < fragment) < 0 ? "missing" : "changed"
      }
      reset()
    }
    function reset() {
      load = file = reload = refuse = inside = ""; fragment = "-"; transient = ""
      id = active = sub_ = type = remains = pid = needs = after = triggers = ""; called = 0
    }
    function hits(list, set,   word, i, count) {
      count = split(list, word, " ")
      for (i = 1; i <= count; i++) if (word[i] in set) return 1
      return 0
    }
    function held(i) { how[i] = why; if (why != "calls" || !stays[i]) { set[name[i]]; changed = 1 } }
    BEGIN {
      reset(); folder = ENVIRON["FOLDER"]
      count = split(ENVIRON["ROOTS"], word, " ")
      for (i = 1; i <= count; i++) {
        root[word[i]]; set[word[i]]
        if (word[i] ~ /[.]mount$/) below = substr(word[i], 1, length(word[i]) - 6) "-"
      }
      count = split(ENVIRON["SCRIPTS"], word, " ")
      for (i = 1; i <= count; i++) script[word[i]]
      client = ENVIRON["CLIENT"]; own = ENVIRON["OWN"]
    }
    /^$/ { if (id != "") fold(); next }
    {
      at = index($0, "="); key = at ? substr($0, 1, at - 1) : ""; value = substr($0, at + 1)
      # The second line of a script that was given as it is.
      if (key !~ /^[A-Za-z]+$/) { key = ""; value = $0 }
      if (key == "Id") id = value
      else if (key == "Transient") transient = value
      else if (key == "LoadState") load = value
      else if (key == "UnitFileState") file = value
      else if (key == "NeedDaemonReload") reload = value
      else if (key == "FragmentPath") fragment = value
      else if (key == "RefuseManualStop") refuse = value
      else if (key == "RequiresMountsFor") {
        if (folder != "") {
          count = split(value, word, " ")
          for (at = 1; at <= count; at++) if (word[at] == folder || index(word[at], folder "/") == 1) inside = 1
        }
      }
      else if (key == "ActiveState") active = value
      else if (key == "SubState") sub_ = value
      else if (key == "Type") type = value
      else if (key == "RemainAfterExit") remains = value
      else if (key == "MainPID") pid = value
      else if (key == "Requires" || key == "Requisite" || key == "BindsTo" || key == "PartOf" || key == "StopPropagatedFrom") needs = needs " " value
      else if (key == "Wants" || key == "After") after = after " " value
      else if (key == "Triggers") triggers = value
      else if (client != "") {
        if (value ~ client) called = 1
        else { sub(/argv\[\]=/, "argv[]= ", value); if (hits(value, script)) called = 1 }
      }
    }
    END {
      fold()
      # What is mounted below requires it by itself: layers, and what containers see of them. Docker takes these away.
      if (below != "") for (i = 1; i <= n; i++) if (name[i] ~ /[.](auto)?mount$/ && index(name[i], below) == 1) skip[i] = 1
      for (i = 1; i <= n; i++)
        if (name[i] in root || name[i] == own ||
          name[i] ~ /^(sshd?|dropbear)(@.*)?[.](service|socket)$/ ||
          name[i] ~ /^(containerd|rc-local)[.]service$/ ||
          name[i] ~ /^(shutdown|umount|final|reboot|poweroff|halt|sysinit|basic|local-fs|remote-fs|network|network-online|multi-user|graphical|default)[.]target$/) skip[i] = 1
      # What Docker itself needs must run before it does.
      for (i = 1; i <= n; i++) at_[name[i]] = i
      do {
        changed = 0
        for (r in root) needed[r]
        for (r in needed) if (r in at_) {
          count = split(need[at_[r]], word, " ")
          for (i = 1; i <= count; i++) if (!(word[i] in needed)) { needed[word[i]]; changed = 1 }
        }
      } while (changed)
      for (i = 1; i <= n; i++) if (name[i] in needed) skip[i] = 1
      do {
        changed = 0
        for (i = 1; i <= n; i++) {
          if (i in skip || i in how) continue
          if (hits(need[i], set)) { why = "requires"; held(i) }
          else if (within[i]) { why = "requires"; held(i); by_hand[i] }
          else if (calls[i]) { why = "calls"; held(i) }
          else if (hits(starts[i], set)) { why = "triggers"; held(i) }
        }
      } while (changed)
      for (i = 1; i <= n; i++) {
        if (i in skip) continue
        if (!(i in how) && name[i] ~ /[.]service$/ && (uses[i] || hits(order[i], root) ||
          (client != "" && name[i] ~ /^(kubelet|cri-dockerd?|gitlab-runner|nomad|buildkite-agent|ecs|drone-runner.*|woodpecker-.*|actions[.]runner[.].*)[.]service$/))) how[i] = "after"
        if (i in how)
          print name[i] "\t" how[i] "\t" a[i] "\t" s[i] "\t" (how[i] == "calls" && stays[i] ? "stays" : "") "\t" \
            (i in what ? what[i] : refuses[i] && (how[i] != "requires" || i in by_hand) && a[i] == "active" ? "refuses-stop" : "") "\t" \
            (job[i] ? "job" : "") (refuses[i] && how[i] == "requires" && !(i in by_hand) ? " with-docker" : "")
      }
    }'
}
