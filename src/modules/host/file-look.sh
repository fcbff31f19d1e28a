# What is said of files of a host. How it is asked, and what is made of the answers, is in file-look.ts.
#
# A shell is sent all of it once, as the body of a function (sharedShellFile): it sets variables and defines functions only.

LC_ALL=C; export LC_ALL
form='%f %u %g %s %Y %h %d:%i %U:%G' nl='
' creator= bad=0

# may INDEX STATUS PATH…: where one of the paths is a link, takes the way that question INDEX is asked on (`way`, which stands
# beside these), and says `refused`, INDEX and why where that ends with STATUS.
may() {
  i=$1 refusal=$2; shift 2
  for p do
    if [ -L "$p" ]; then
      why=$(way 2>&1 >/dev/null); [ $? -ne "$refusal" ] || printf 'refused %s %s\0' "$i" "$why"
      return
    fi
  done
}

# ask READ SMALL UNLESS LIMIT PATH…: says what is at the paths, and reads the first one, if it is a file:
#   none     not at all
#   sum      its checksum
#   content  its content up to SMALL bytes; above that its checksum, and where UNLESS is one and the checksum is another, its
#            content too, up to LIMIT bytes
ask() {
  short "$@"
  read=$1 small=$2 unless=$3 limit=$4; shift 4
  begin "$@"
  one "$read" "$small" "$unless" "$limit" "$1"; shift
  for each do one none 0 '' 0 "$each"; done
}

# short: the same where all paths are there and none is a link: `plain` and the lines of stat(1), and then what is to be read.
# That comes last, so that the program which reads it takes the shell's place and its output ends the answer: neither a
# process more nor a boundary. Comes back where anything is not plain.
short() {
  read=$1 small=$2 unless=$3 limit=$4; shift 4
  for p do [ -e "$p" ] && [ ! -L "$p" ] || return 0; done
  [ "$read" = none ] || command -v sha256sum >/dev/null || return 0
  s=$(stat -c "$form" -- "$@" 2>/dev/null) || return 0
  case $nl$s in *"$nl"a*) return 0 ;; esac
  p=$1
  if [ "$read" != none ] && [ -f "$p" ] && [ -r "$p" ]; then
    if [ "$read" = content ]; then
      z=${s#* * * }; z=${z%% *}
      if [ "$z" -le "$small" ]; then printf 'plain %s\0content\0' "$s"; exec cat <"$p"; fi
      if [ -n "$unless" ]; then
        sum=$(sha256sum <"$p") || sum=
        sum=${sum%% *}
        if [ "$sum" = "$unless" ] || [ -z "$sum" ] || [ "$z" -gt "$limit" ]; then
          printf 'plain %s\0sum %s' "$s" "$sum"; [ -n "$sum" ]; exit
        fi
        printf 'plain %s\0sum %s\0content\0' "$s" "$sum"; exec cat <"$p"
      fi
    fi
    printf 'plain %s\0sum ' "$s"; exec sha256sum <"$p"
  fi
  printf 'plain %s\0' "$s"; exit 0
}

# begin PATH…: what `one` goes on from for these paths, in their order. $here has a sign for each, + where something is there,
# and $all what stat(1) says of these, a line each.
begin() {
  here= n=$#
  for p do
    if [ -L "$p" ] || [ -e "$p" ]; then set -- "$@" "$p"; here=$here+; else here=$here-; fi
  done
  shift "$n"
  # One of them has gone meanwhile: each is looked at by itself.
  all=; [ $# -eq 0 ] || all=$(stat -c "$form" -- "$@" 2>/dev/null) || all=
}

# one READ SMALL UNLESS LIMIT PATH: as `ask`, of one of these paths. All that is said ends with a NUL, and all of it with one dot.
one() {
  read=$1 small=$2 unless=$3 limit=$4 p=$5
  if look && [ "$read" != none ] && [ -f "$p" ] && [ -r "$p" ]; then
    # shellcheck disable=SC2086 # $s are words of stat(1)
    if [ "$read" = content ] && is_small "$small" $s; then content
    elif sum; then
      printf 'sum %s\0' "$sum"
      # shellcheck disable=SC2086
      if [ "$read" = content ] && [ -n "$unless" ] && [ "$sum" != "$unless" ] && is_small "$limit" $s; then content; fi
    fi
  fi
  printf '.\0'
}

# `look` says what is at $p: a line of stat(1) in the form $form, `absent` with umask(1) and id(1) for who would make a file
# there, or `error`. Its status is 0 where something is there. That a path is absent is certain where the nearest folder
# above it that exists can be searched; below what is no folder nobody will make anything. $bad becomes 1 where anything
# cannot be looked at.
look() {
  first=${here%"${here#?}"}; here=${here#?}; s=
  if [ "$first" = + ]; then s=${all%%"$nl"*}; all=${all#*"$nl"}
  else
    d=${p%/*}
    while [ -n "$d" ] && [ ! -L "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
    d=${d:-/}
    if [ -d "$d" ]; then [ ! -x "$d" ] || { absent; return 1; }
    elif [ -e "$d" ]; then printf 'absent\0'; return 1; fi
  fi
  if [ -z "$s" ] && ! s=$(stat -c "$form" -- "$p" 2>&1); then
    case $s in
      *': No such file or directory' | *': Not a directory') absent ;;
      *) bad=1; printf 'error %s\0' "$s" ;;
    esac
    return 1
  fi
  printf '%s\0' "$s"
  case $s in
    # A link: where it leads, where it ends, and what is there.
    a*)
      printf '%s\0%s\0' "$(readlink -- "$p")" "$(readlink -f -- "$p" 2>/dev/null)"
      if s=$(stat -L -c "$form" -- "$p" 2>/dev/null); then printf '%s\0' "$s"; else absent; fi ;;
  esac
}
absent() { [ -n "$creator" ] || creator="$(umask) $(id)"; printf 'absent %s\0' "$creator"; }

# is_small LIMIT WORDS: whether a file of which stat(1) says that has so many bytes at most.
is_small() { [ "$5" -le "$1" ]; }

# Gives a checksum to $sum.
sum() {
  if command -v sha256sum >/dev/null; then sum=$(sha256sum <"$p")
  elif command -v openssl >/dev/null; then sum=$(openssl dgst -sha256 -r <"$p")
  else sum=$(shasum -a 256 <"$p"); fi || { bad=1; printf 'error %s has no checksum\0' "$p"; return 1; }
  sum=${sum%% *}
}

# Contents can hold anything: what ends them, $boundary, is something that nobody can know beforehand.
# shellcheck disable=SC2154,SC2034 # file-look.ts gives the one, and asks for $bad
content() {
  printf 'content\0'
  if cat <"$p"; then printf '%s' "$boundary"; else bad=1; printf '%serror %s cannot be read\0' "$boundary" "$p"; fi
}
