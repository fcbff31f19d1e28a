# What all parts of the facts' script rest on. They only look.
#
# Each prints sections, each below a line that begins with the control character RS, which no text of a host's own begins with.
# What fails says nothing, and its facts are null.

LC_ALL=C; export LC_ALL; exec 2>/dev/null
section() { printf '\n\036%s\n' "$1"; }
has() { command -v "$1" >/dev/null; }
# The encryption root of a dataset, and what ZFS says of its key.
key_of() {
  key=$(zfs get -H -o value encryptionroot "$1") && [ -n "$key" ] && [ "$key" != - ] || return
  printf '%s\tencryptionroot\t%s\n' "$1" "$key"
  zfs get -Hp -o property,value keylocation,keystatus "$key" | while IFS= read -r line; do printf '%s\t%s\n' "$1" "$line"; done
}
# A command that may never end, by the seconds it has.
limit() { if has timeout; then timeout "$@"; else shift; "$@"; fi; }
