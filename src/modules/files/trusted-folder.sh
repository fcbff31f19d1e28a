# How a script gets to the folder of a file. The rule, the means, and what scripts may count on afterwards are in
# trusted-folder.ts. All of it runs in `set -eu`.
#
# A function that stands beside these, `missing`, is called where a folder on the way is missing, $n: it makes and enters it,
# or ends the script.
#
# A shell is sent all of it once, as the body of a function (sharedShellFile): it sets options and defines functions only.

set -eu

# enter PATH NAME PRIVATE FOLLOW PARENT FOLDER…: goes to the folder of a path. NAME and PARENT are the path's; PRIVATE is a name
# that nothing has; FOLLOW is not empty where a link at the end is followed; the folders are all on the way, PARENT the last.
# shellcheck disable=SC2086 # $s are words of stat(1)
enter() {
  f=$1 n=$2 t=$3 follow=$4 parent=$5; shift 5
  form='%f %u %d:%i' w= u= me= here= in= new= o=
  if cd -P -- "$parent" 2>/dev/null && s=$(stat -c "$form" -- /proc/self/. "$@" . 2>/dev/null) && plain $s; then :; else walk; fi
}

# The status is known to trusted-folder.ts.
bad() { printf '%s\n' "$*" >&2; exit 98; }
changed() { bad "$f, or a folder on the way to it, was changed by somebody else meanwhile"; }

# plain WORDS: given what stat(1) says of the way, whether it is one where nobody but root and the task's user may change
# anything and no link is, so that there is no more to look at. A folder as /tmp is none, but may be passed through.
plain() {
  me=$2; shift 3
  while [ $# -gt 3 ]; do
    case $1 in 4???) ;; *) return 1 ;; esac
    [ "$2" -eq 0 ] || [ "$2" -eq "$me" ] || return 1
    [ $((0x$1 & 18)) -eq 0 ] || [ $((0x$1 & 512)) -ne 0 ] || return 1
    here=$3; open=$((0x$1 & 18)); shift 3
  done
  [ "$3" = "$here" ] && [ "$open" -eq 0 ] || return 1
  [ -z "$follow" ] || [ ! -L "./$n" ]
}

# judge MODE OWNER ID: makes $here, $w and $u this folder's.
judge() {
  here=$3 w= u=
  if [ $((0x$1 & 18)) -ne 0 ]; then w=+
  elif [ "$2" -ne 0 ] && [ "$2" -ne "$me" ]; then w=+ u=$2; fi
}

# Goes the way folder by folder. `..` tells whether a folder that was entered is the one that is here.
# shellcheck disable=SC2086 # $s are words of stat(1)
walk() {
  p=$f hops=0 up= owner=
  cd /
  while :; do
    # $n is the next name, $p what comes after it.
    while :; do case $p in /*) p=${p#/} ;; *) break ;; esac; done
    n=${p%%/*}
    case $p in */*) p=${p#*/} ;; *) p= ;; esac
    while :; do case $p in /*) p=${p#/} ;; *) break ;; esac; done
    case $n in
      '' | . | ..)
        [ "$n" != .. ] || cd -P ..
        [ -n "$p" ] || { echo "$f leads to a folder by a name that cannot be worked on" >&2; exit 1; }
        up= owner=; continue ;;
    esac
    s=$(stat -c "$form" -- . .. /proc/self/. "./$n" 2>/dev/null) || :
    set -- $s
    [ $# -ge 9 ] || { echo "cannot look at a folder on the way to $f" >&2; exit 1; }
    [ -z "$up" ] || [ "$6" = "$up" ] || changed
    [ -z "$owner" ] || [ "$2" = "$owner" ] || bad "$f passes through a link of the user $owner to what is another's"
    me=$8 up= owner=
    judge $s
    case ${10-} in
      # A link.
      a???)
        [ -n "$p$follow" ] || return 0
        hops=$((hops + 1)); [ "$hops" -le 40 ] || bad "$f passes through too many links"
        k=
        [ -n "$p" ] && [ -n "$u" ] || { k=$(readlink -- "./$n" || :; echo .); k=${k%?.}; }
        # Put there by nobody but root and the task's user.
        if [ -z "$w" ] || { [ $((0x$1 & 512)) -ne 0 ] && { [ "$2" -eq 0 ] || [ "$2" -eq "$me" ]; } && { [ "${11}" -eq 0 ] || [ "${11}" -eq "$me" ]; }; }; then
          case $k in /*) cd / ;; esac
          p=$k${p:+/$p}
        elif [ -z "$u" ]; then bad "$f passes through the link $n, in a folder where other users may put links"
        # By the one other user who could: it must lead to what is that user's.
        elif [ -n "$p" ]; then cd -P -- "./$n"; owner=$u
        else
          case $k in */*) cd -P -- "${k%/*}/"; owner=$u ;; esac
          p=${k##*/}
        fi ;;
      # A folder.
      4???) [ -n "$p" ] || return 0; up=$here; cd -P -- "./$n" ;;
      '') [ -n "$p" ] || return 0; missing ;;
      *) [ -z "$p" ] || { echo "$n, on the way to $f, is no folder" >&2; exit 1; }; return 0 ;;
    esac
  done
}

# into NAME: enters a folder of this one.
# shellcheck disable=SC2086 # $s are words of stat(1)
into() {
  cd -P -- "./$1" || exit
  s=$(stat -c "$form" -- . ..) || exit
  set -- $s
  [ "$6" = "$here" ] || [ -z "$w" ] || changed
  judge $s
}

# Makes the private folder and enters it.
# shellcheck disable=SC2046 # words of stat(1)
private() {
  mkdir -m 0700 -- "./$t"
  trap leave 0; trap 'exit 129' 1 2 15
  cd -P -- "./$t"
  if [ -n "$w" ]; then
    set -- $(stat -c "$form" -- . ..)
    [ $((0x$1 & 511)) -eq 448 ] && [ "$2" = "$me" ] && [ "$6" = "$here" ] ||
      bad "no private folder can be made beside $f, where other users may write"
  fi
  in=+
}

# Takes it away, with what is left in it, and goes back.
leave() {
  if [ -n "$in" ]; then
    in=
    [ -z "$new" ] || rm -rf -- "./$n"
    [ -z "$o" ] || rm -rf -- "./$t.old"
    cd -P ..
    rmdir -- "./$t" || :
  fi
  trap - 0
}

# In the private folder, makes $o a name of what is at ../$n, a file that nobody can swap for another.
pin() {
  o=../$n
  [ -z "$w" ] || {
    o=./$t.old
    ln -- "../$n" "$o" 2>/dev/null || { [ -f "../$n" ] && cp -a -- "../$n" "$o"; } || changed
  }
  [ -f "$o" ] && [ ! -L "$o" ] || changed
}

# In the private folder, moves ./$n to where it belongs, in nothing's place.
place() {
  mv -n -- "./$n" .. && [ ! -e "./$n" ] && [ ! -L "./$n" ] || changed
  new=
}

# Says why nothing can be renamed to where something is mounted.
mounted() {
  if grep -q -F -- " $f " /proc/self/mountinfo; then
    echo "something is mounted at $f itself, so no other file can take its place; nothing is ever written into it" >&2
  fi
}

# single FILE: ends the script where a file has further names and is not the user's whose folder it is from.
# shellcheck disable=SC2046 # words of stat(1)
single() {
  [ -n "$w" ] || return 0
  set -- $(stat -c '%h %u' -- "$1")
  [ "$1" -le 2 ] || [ "$2" = "$u" ] || bad "$f has another name somewhere, and other users may write to its folder"
}
