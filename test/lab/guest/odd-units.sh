# Units that are hard to stop and to start again, and containers that they stop. The first word says which.
set -eu
cd /etc/systemd/system
case $1 in
comes-back)
  # Its ExecStop stops a container in whose network another one lives.
  docker run -d --name side --network container:web lab/base:1 sleep 1000000 >/dev/null
  cat >lab-web.service <<'END'
[Unit]
Requires=docker.service
After=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/docker start web
ExecStop=/usr/bin/docker stop -t 0 web
END
  # Removes its container as it stops, and recreates it.
  cat >lab-anew.service <<'END'
[Unit]
Requires=docker.service
After=docker.service
[Service]
ExecStart=/usr/bin/docker run --name anew lab/base:1 sleep 1000000
ExecStop=-/usr/bin/docker rm -f anew
END
  # Stops its container, and leaves it to somebody else to start that.
  cat >lab-stops.service <<'END'
[Unit]
Requires=docker.service
After=docker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/usr/bin/docker stop -t 0 cache
END
  # Nobody may start or stop it by hand.
  cat >lab-refuses.service <<'END'
[Unit]
Requires=docker.service
After=docker.service
RefuseManualStart=yes
RefuseManualStop=yes
[Service]
ExecStart=/bin/sleep infinity
END
  cat >lab-wants.service <<'END'
[Unit]
Wants=lab-refuses.service
[Service]
Type=oneshot
ExecStart=/bin/true
END
  cat >lab-folder.service <<'END'
[Unit]
RequiresMountsFor=/var/lib/docker/volumes
[Service]
ExecStart=/bin/sleep infinity
END
  systemctl daemon-reload
  systemctl start lab-web lab-anew lab-stops lab-wants lab-folder
  ;;
does-not)
  for unit in lab-deleted lab-changed lab-masked; do
    printf '[Unit]\nRequires=docker.service\n[Service]\nExecStart=/bin/sleep infinity\n' >$unit.service
  done
  printf '[Unit]\nRefuseManualStop=yes\n[Service]\nExecStart=/usr/bin/docker wait cache\n' >lab-waits.service
  printf '[Service]\nType=oneshot\nExecStart=/usr/bin/docker exec cache sleep 1000000\n' >lab-works.service
  systemctl daemon-reload
  systemctl start lab-deleted lab-changed lab-masked lab-waits
  systemctl start --no-block lab-works
  systemd-run --quiet --unit=lab-transient --property=Requires=docker.service sleep infinity
  rm lab-deleted.service
  sed -i 's/infinity/1000000/' lab-changed.service
  rm lab-masked.service
  ln -s /dev/null lab-masked.service
  ;;
clean)
  systemctl daemon-reload
  systemctl stop lab-deleted lab-changed lab-masked lab-transient lab-works
  rm -f lab-changed.service lab-masked.service lab-works.service
  systemctl daemon-reload
  ;;
esac
