# `look` says what is at $p: a line of stat(1) in the form $form, `absent` with umask(1) and id(1) for who would make a file
# there, or `error`; all that is said ends with a NUL. Its status is 0 where something is there. That a path is absent is
# certain where the nearest folder above it that exists can be searched; below what is no folder nobody will make anything.
#
# $here has a sign for each path that is looked at, + where something is there, and $all what stat(1) says of these, a line
# each. $nl is a line feed. $bad becomes 1 where anything cannot be looked at.
#
# All of it is sent in single quotes, in which each single quote costs four bytes: it has none.

# file-look.ts gives the others, and asks for $bad.
# shellcheck disable=SC2154,SC2034

creator=; here=; bad=0; set --
absent() { [ -n "$creator" ] || creator="$(umask) $(id)"; printf "absent %s\0" "$creator"; }
look() {
  first=${here%"${here#?}"}; here=${here#?}; s=
  if [ "$first" = + ]; then s=${all%%"$nl"*}; all=${all#*"$nl"}
  else
    d=${p%/*}
    while [ -n "$d" ] && [ ! -L "$d" ] && [ ! -e "$d" ]; do d=${d%/*}; done
    d=${d:-/}
    if [ -d "$d" ]; then [ ! -x "$d" ] || { absent; return 1; }
    elif [ -e "$d" ]; then printf "absent\0"; return 1; fi
  fi
  if [ -z "$s" ] && ! s=$(stat -c "$form" -- "$p" 2>&1); then
    case $s in
      *": No such file or directory" | *": Not a directory") absent ;;
      *) bad=1; printf "error %s\0" "$s" ;;
    esac
    return 1
  fi
  printf "%s\0" "$s"
  case $s in
    # A link: where it leads, where it ends, and what is there.
    a*)
      printf "%s\0%s\0" "$(readlink -- "$p")" "$(readlink -f -- "$p" 2>/dev/null)"
      if s=$(stat -L -c "$form" -- "$p" 2>/dev/null); then printf "%s\0" "$s"; else absent; fi ;;
  esac
}
