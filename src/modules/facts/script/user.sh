# Who the task runs as. Before it: base.sh.
section user
id -un; id -u; id -gn; id -g; id -Gn
getent passwd "$(id -u)" || awk -F : -v uid="$(id -u)" '$3 == uid { print; exit }' /etc/passwd
