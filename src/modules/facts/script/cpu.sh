# Processors. Before it: base.sh.
section cpu
awk -F '[ \t]*: ' '
  /^processor/ { count++ }
  /^(model name|Processor|cpu model)/ { model = $2 }
  /^vendor_id/ { vendor = $2 }
  /^physical id/ { sockets[$2] }
  /^cpu cores/ { cores = $2 }
  /^siblings/ { siblings = $2 }
  END {
    for (each in sockets) number++
    print "count " count; print "model " model; print "vendor " vendor
    print "sockets " number; print "cores " cores; print "siblings " siblings
  }' /proc/cpuinfo
