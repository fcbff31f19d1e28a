# What a job's unit runs, once: $1 is the job's folder, $2 how many bytes are kept of the head, and of the tail, of each
# output. It writes rc when everything else is written.
d=$1
most=$2
cd "$d" || exit 1
umask 077
# Of two that were started, one begins.
(set -C && : >begun) 2>/dev/null || exit 0
rm -f stdout.pipe stderr.pipe stdout.count stderr.count
mkfifo stdout.pipe stderr.pipe stdout.count stderr.count || exit 1
# What is written shortly before the readers are ended is not lost in a buffer.
if command -v stdbuf >/dev/null; then unbuffered='stdbuf -o0'; else unbuffered=; fi
keep() {
  wc -c <"$1.count" >"$1.rest" &
  readers="$readers $!"
  { $unbuffered head -c "$most" >"$1" && tee "$1.count" | tail -c "$most" >"$1.tail"; } <"$1.pipe" &
  readers="$readers $!"
}
readers=
keep stdout
keep stderr
(
  umask 022
  exec sh -c '. "$1/env"; cd "${HOME:-/}" || cd /; . "$1/command"' sh "$d"
) <stdin >stdout.pipe 2>stderr.pipe
rc=$?
# What it has left in the background may hold its outputs open.
# shellcheck disable=SC2086 # a word each
(sleep 5 && kill $readers) >/dev/null 2>&1 &
watch=$!
# shellcheck disable=SC2086 # a word each
wait $readers
kill "$watch" 2>/dev/null
echo "$rc" >rc.new
sync rc.new stdout stderr stdout.tail stderr.tail 2>/dev/null
mv rc.new rc
rm -f stdin env command stdout.pipe stderr.pipe stdout.count stderr.count
