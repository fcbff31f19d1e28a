# Looks at a device, $1, past every cache (`blkid -p`), and once more with wipefs(8), which also lists what hides behind
# another signature. Prints NAME=VALUE lines, and what blkid and wipefs say, which blockdev.ts reads.

LC_ALL=C; export LC_ALL
d=$1
if [ ! -b "$d" ]; then
  if [ -d "$d" ]; then echo instead=a directory
  elif [ -e "$d" ]; then echo instead=no block device
  elif [ -L "$d" ]; then echo instead=a link to nothing
  else echo instead=; fi
  exit 0
fi
p=$(readlink -f -- "$d") || p=$d
n=${p##*/}
echo "path=$p"
echo "devno=$(cat "/sys/class/block/$n/dev" 2>/dev/null)"
s=$(cat "/sys/class/block/$n/size" 2>/dev/null) && echo "sectors=$s"
for h in "/sys/class/block/$n"/holders/* "/sys/class/block/$n/$n"*; do [ -e "$h" ] && echo "holder=${h##*/}"; done
if [ ! -r "$d" ]; then echo unreadable; exit 0; fi
command -v blkid >/dev/null 2>&1 || { echo unreadable; exit 0; }
echo blkid:
blkid -p -o export -- "$d"; echo "blkid status $?"
if command -v wipefs >/dev/null 2>&1; then echo wipefs:; wipefs -p -- "$d" || exit; fi
exit 0
