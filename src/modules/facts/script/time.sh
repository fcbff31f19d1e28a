# The host's clock. Before it: base.sh.
section time; date '+%s %z %Z'; cat /proc/uptime
