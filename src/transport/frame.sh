# What a persistent shell needs before its first frame whose marks are not the last one alone. How frames work is in
# frame.ts. Every name begins with zrun_, since scripts run in subshells of this shell.
#
# What was started since the last look has a process id between the last one then and the last one now (proc(5),
# /proc/loadavg), so that it can be looked at without a process. Where that file is not the kernel's own for this shell's
# processes (lxcfs, gVisor), or more was started than that is worth, all processes are looked at; without a Linux /proc,
# nobody can tell, and the shell is always replaced. A file of lxcfs has a size, and one that knows no new process after a
# frame, whose script ran in one, is not the kernel's.

# `-ef` is of all shells that a Linux has for sh; where it fails, the shell is replaced.
# shellcheck disable=SC3013

# The process id that was given out last.
zrun_last() { read -r zrun_x zrun_x zrun_x zrun_x zrun_last; } </proc/loadavg

# zrun_line FILE: the first line of a file below /proc, in $zrun_x; fails where it cannot be read.
zrun_line() { zrun_x=; read -r zrun_x; [ "$zrun_x" ]; } 2>/dev/null <"/proc/$1"

# zrun_session PID: a process's session, in $zrun_x.
# shellcheck disable=SC2086 # numbers
zrun_session() { zrun_line "$1/stat" || return; set -- ${zrun_x##*")"}; zrun_x=$4; }

# zrun_holds PID: whether a process has one of the shell's outputs for its own output 1 or 2: who writes elsewhere means to.
# A process of another user (sudo's child) does not show its files to ours: where it is of the shell's session, it may have
# them. One without a command line is a kernel's thread, or dead.
zrun_holds() {
  if [ "/proc/$1/fd/1" -ef /proc/$$/fd/1 ] || [ "/proc/$1/fd/2" -ef /proc/$$/fd/2 ] ||
    [ "/proc/$1/fd/2" -ef /proc/$$/fd/1 ] || [ "/proc/$1/fd/1" -ef /proc/$$/fd/2 ]; then return 0; fi
  [ ! -r "/proc/$1/fd" ] && zrun_line "$1/cmdline" && zrun_session $$ && zrun_s=$zrun_x &&
    zrun_session "$1" && [ "$zrun_x" = "$zrun_s" ]
}

# Whether nothing that was started since the last look has the shell's outputs.
zrun_alone() {
  case $zrun_sees in
    no) return 1 ;;
    some)
      zrun_first=$zrun_last
      if zrun_last && [ "$zrun_first" -lt "$zrun_last" ] && [ $((zrun_last - zrun_first)) -le 1000 ]; then
        while [ "$zrun_first" -lt "$zrun_last" ]; do
          zrun_first=$((zrun_first + 1))
          if [ -e "/proc/$zrun_first" ] && zrun_holds "$zrun_first"; then return 1; fi
        done
        return 0
      fi ;;
  esac
  for zrun_first in /proc/[0-9]*; do
    # shellcheck disable=SC2254 # numbers
    case $zrun_first in
      /proc/$$ | /proc/$PPID) ;;
      *) if zrun_holds "${zrun_first#/proc/}"; then return 1; fi ;;
    esac
  done
}

# zrun_end STATUS NONCE: the marks that end a frame. A child that was just started may be about to redirect its outputs, and is
# looked at again. One that keeps them has them for itself from here on: this shell only waits for the end of its input.
zrun_end() {
  set -- "$1" "$2" '' "$zrun_last"
  for zrun_n in 1 2 3 4; do
    zrun_last=$4
    if zrun_alone; then set -- "$1" "$2" ''; break; fi
    set -- "$1" "$2" ' held' "$4"
    [ $zrun_n = 4 ] || [ $zrun_sees = no ] || sleep 0.1 2>/dev/null || sleep 1
  done
  printf '%s-%d%s\n' "$2" "$1" "$3"; printf '%s-\n' "$2" >&2
  [ "$3" = '' ] || exec cat >/dev/null 2>&1
}

# Which processes can be looked at: `no`, `all`, or `some` by their ids.
zrun_sees=no
if [ /proc/$$/fd/1 -ef /proc/$$/fd/1 ] && [ /proc/$$/fd/2 -ef /proc/$$/fd/2 ]; then
  zrun_sees=all
  if zrun_last && [ ! -s /proc/loadavg ] && [ $$ -le "$zrun_last" ]; then zrun_sees=some; fi
fi 2>/dev/null
