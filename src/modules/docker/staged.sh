# The second dockerd's place, and how it is left. staging.ts says what it is.

# staged DATA_ROOT RUN_FOLDER UNIT MARK SPOOL: where it works. MARK and SPOOL are names in the data-root.
staged() { d=$1 r=$2 unit=$3 mark=$1/$4 spool=$1/$5; }

# Takes away whatever is left of such a daemon. Ends when its last process has.
end_daemon() {
  systemctl stop "$unit" 2>/dev/null
  systemctl reset-failed "$unit" 2>/dev/null
  rm -rf -- "$r" "$spool"
}

# write_mark STATUS: `writing` or `whole`, with the boot that it was written in.
write_mark() {
  printf '{"status":"%s","boot":"%s"}\n' "$1" "$(cat /proc/sys/kernel/random/boot_id)" >"$mark.new" &&
    sync -- "$mark.new" && mv -f -- "$mark.new" "$mark" && sync -- "$d"
}
