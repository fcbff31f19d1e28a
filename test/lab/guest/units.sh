# Units of systemd around Docker, as people have them: one that requires it, one that is bound to that, one that makes its
# container anew each time it starts and writes a line a second into a volume, one that has done its work, and a job that a
# timer starts. Every line that was written is in the journal, too.
set -eu
docker volume create lines >/dev/null
cat >"$(docker volume inspect -f '{{.Mountpoint}}' lines)/loop.sh" <<'END'
while :; do read -r id </proc/sys/kernel/random/uuid; echo "$id" >>/lines/log; echo "line $id"; sleep 1; done
END
cd /etc/systemd/system
cat >lab-needs.service <<'END'
[Unit]
Requires=docker.service
After=docker.service
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
END
cat >lab-bound.service <<'END'
[Unit]
BindsTo=lab-needs.service
After=lab-needs.service
[Service]
ExecStart=/bin/sleep infinity
[Install]
WantedBy=multi-user.target
END
cat >lab-writer.service <<'END'
[Unit]
After=docker.service
[Service]
ExecStartPre=-/usr/bin/docker rm -f writer
ExecStart=/bin/sh -c 'exec docker run --name writer -e STARTED=$$(date +%%s) -v lines:/lines lab/base:1 sh /lines/loop.sh'
ExecStop=-/usr/bin/docker stop -t 5 writer
Restart=always
RestartSec=1
StartLimitIntervalSec=0
[Install]
WantedBy=multi-user.target
END
cat >lab-done.service <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/docker start web
ExecStop=/bin/sh -c 'systemctl is-system-running | grep -q stopping || docker rm -f web'
END
cat >lab-job.service <<'END'
[Service]
Type=oneshot
ExecStart=/usr/bin/docker exec cache true
END
cat >lab-job.timer <<'END'
[Timer]
OnActiveSec=2s
OnUnitInactiveSec=5s
END
systemctl daemon-reload
systemctl enable -q --now lab-needs lab-bound lab-writer
systemctl start lab-done lab-job.timer
