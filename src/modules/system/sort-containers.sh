# sort_containers LIST: once units are stopped, what is left in the list are containers that stopped with them, and those that
# lived in theirs. The list is described in held-containers.ts.
sort_containers() {
  f=$1
  if [ -s "$f" ] && systemctl is-active --quiet docker.service && ids=$(timeout 120 docker ps -q --no-trunc); then
    (umask 077; IDS="$ids" awk '
      BEGIN { n = split(ENVIRON["IDS"], word, "[ \n]+"); for (i = 1; i <= n; i++) up[word[i]] }
      { line[NR] = $0; id[NR] = $2; kind[NR] = $1; if (!($2 in up)) down[$2] }
      END {
        # Who lives in one that is down is down with it, at any distance.
        do {
          more = 0
          for (i = 1; i <= NR; i++) {
            if (id[i] in down) continue
            n = split(line[i], word, " ")
            for (j = 4; j <= n; j++)
              if (index(word[j], "container:") == 1 && substr(word[j], 11) in down) { down[id[i]]; joined[i]; more = 1 }
          }
        } while (more)
        for (i = 1; i <= NR; i++)
          if (id[i] in down) {
            sub(/^[^ ]*/, i in joined ? "joined" : kind[i] == "passing" ? "passing" : "stopped", line[i])
            print line[i]
          }
      }' "$f" >"$f.new" && mv -f -- "$f.new" "$f") || exit
  fi
}
