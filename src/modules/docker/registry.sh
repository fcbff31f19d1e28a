# How registries are asked for images without anything being fetched. Needs api.sh, and daemon_environment. What the commands
# get of the environment besides the running dockerd's is on standard input. $1: seconds for one try; $2: for all.

# api.sh gives $t.
# shellcheck disable=SC2154

command -v timeout >/dev/null 2>&1 || { echo 'there is no timeout, of coreutils' >&2; exit 70; }
daemon_environment >"$t/environment"; cat >>"$t/environment"
# shellcheck disable=SC2163 # NAME=value
while IFS= read -r variable; do export "$variable"; done <"$t/environment"
HOME=~root; DOCKER_CLI_EXPERIMENTAL=enabled; export HOME DOCKER_CLI_EXPERIMENTAL
try=$1
docker() { timeout -k 5 "$try" docker "$@"; }
end=$(($(date +%s) + $2))

# ask NUMBER REFERENCE REGISTRY OPTION: leaves what came of it in a folder of its own. OPTION may be empty.
ask() {
  silent=$t/silent.$3; t=$t/$1; mkdir -- "$t" && mkfifo -- "$t/in" || return
  # One that is silent once is not waited for again.
  [ ! -e "$silent" ] || { echo late >"$t/end"; return; }
  [ "$(date +%s)" -lt "$end" ] || { echo unasked >"$t/end"; return; }
  get_last "/distribution/$2/json" | talk >"$t/said" 2>/dev/null; s=$?
  case $(head -c 12 "$t/said") in HTTP/1.?' 200') echo yes >"$t/end"; return ;; esac
  # shellcheck disable=SC2086 # an option or none
  [ "$s" -eq 124 ] || { docker manifest inspect $4 "$2" </dev/null >/dev/null 2>"$t/more"; s=$?; }
  case $s in 0) echo yes ;; 124) echo late; : >"$silent" ;; *) echo no ;; esac >"$t/end"
}

# tell COUNT: what came of each, a line for each: how it ended, and what was said.
tell() {
  i=0; while [ "$i" -lt "$1" ]; do
    printf '%s\t%s\t%s\n' "$(cat "$t/$i/end")" "$(line "$t/$i/said")" "$(line "$t/$i/more")"; i=$((i + 1))
  done
}
line() { tr -d '\r' <"$1" 2>/dev/null | tr '\n\t' '  ' | tail -c 1000; }
