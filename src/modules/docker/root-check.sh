# What has to be known before images are copied. $1: the data-root to come; $2: the one in use; $3: its driver; the others are
# programs that must be there. Prints lines that staging.ts reads.

LC_ALL=C; export LC_ALL
a=$(readlink -f -- "$1"); b=$(readlink -f -- "$2")
# A folder that is only to be made has no real path yet.
[ -n "$a" ] || a=$1
[ -n "$b" ] || b=$2
layers=$a/image/$3/layerdb/sha256
shift 3
case $a/ in "$b"/*) echo same ;; esac
case $b/ in "$a"/*) echo same ;; esac
[ "$(stat -Lc %d:%i -- "$a")" = "$(stat -Lc %d:%i -- "$b")" ] && echo same
echo "available $(df -Pk -- "$a" | awk 'NR == 2 { print $4 }')"
for c do command -v "$c" >/dev/null 2>&1 || echo "missing $c"; done
[ -d /run/systemd/system ] || echo 'missing systemd'
cd -- "$layers" 2>/dev/null || exit 0
find . -mindepth 2 -maxdepth 2 -name size -exec awk '{ print "layer", FILENAME, $1 }' {} + 2>/dev/null
exit 0
