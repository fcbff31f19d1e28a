/**
 * Owns a host's Docker with everything that is easily lost by a move: the script that makes it, and what of `docker
 * inspect` may be otherwise afterwards.
 */

/** One is started with --rm, one is a task of a swarm. */
export const leftOutOfSetting = ['carry-passing', 'carry-task'] as const;

/** Makes it anew, as root on a prepared host. What the host had besides is left alone. */
export const makeSetting = `
set -eu
export DOCKER_BUILDKIT=0
for c in $(docker ps -aq --filter name=^carry-); do docker rm -f "$c" >/dev/null; done
context=$(mktemp -d)
mkdir -p "$context/bin" "$context/etc"
cp "$(command -v busybox)" "$context/bin/busybox"
for a in sh sleep cat echo true touch mkdir ls httpd; do ln -s busybox "$context/bin/$a"; done
cat > "$context/bin/wait" <<'WAIT'
#!/bin/sh
trap 'exit 0' TERM INT
while :; do sleep 3600 & wait $!; done
WAIT
chmod 0755 "$context/bin/wait"
printf '%s\\n' 'FROM scratch' 'COPY . /' 'ENV PATH=/bin A=1' 'EXPOSE 80' 'VOLUME /var/data' 'LABEL from=image' 'ENTRYPOINT ["/bin/wait"]' > "$context/Dockerfile"
docker build -q -t carry/app:1 -t carry/app:latest "$context" >/dev/null
printf '%s\\n' 'FROM carry/app:1' 'COPY etc /etc' 'RUN echo two > /two' 'HEALTHCHECK --interval=1h CMD ["/bin/true"]' > "$context/Dockerfile"
docker build -q -t carry/healthy:1 "$context" >/dev/null
# One that lost its name, and one that a container still uses under a name that means another by now.
printf '%s\\n' 'FROM carry/app:1' 'RUN echo lost > /lost' > "$context/Dockerfile"
docker build -q -t carry/moved:1 "$context" >/dev/null
docker create --name carry-moved carry/moved:1 >/dev/null
printf '%s\\n' 'FROM carry/app:1' 'RUN echo new > /lost' > "$context/Dockerfile"
docker build -q -t carry/moved:1 "$context" >/dev/null
rm -r "$context"
docker network inspect carry-app >/dev/null 2>&1 || docker network create --subnet 172.30.0.0/24 --label net=app carry-app >/dev/null
docker network inspect carry-edge >/dev/null 2>&1 || docker network create --opt com.docker.network.bridge.name=br-carry carry-edge >/dev/null
docker volume create --label keep=yes carry-data >/dev/null
compose() { echo "--label com.docker.compose.project=shop --label com.docker.compose.service=$1 --label com.docker.compose.container-number=1 --label com.docker.compose.config-hash=abc$1"; }
docker run -d --name carry-db $(compose db) --network carry-app --ip 172.30.0.10 --network-alias database --network-alias db \\
  --restart always --hostname db.example --env 'MOTTO=two words' --env 'QUOTE="x" $y' --memory 64m --ulimit nofile=1024:2048 \\
  --ulimit core=9223372036854775807 --log-opt max-size=5m carry/healthy:1 >/dev/null
docker run -d --name carry-api $(compose api) --label com.docker.compose.depends_on=db:service_healthy:true --network carry-app \\
  --network-alias api --mac-address 02:42:ac:1e:00:63 --restart unless-stopped --publish 127.0.0.1:18080:80 --volume carry-data:/srv:ro \\
  --tmpfs /scratch:size=1m --entrypoint '' carry/app:1 /bin/wait >/dev/null
docker network connect --alias front carry-edge carry-api
docker run -d --name carry-aside --network container:carry-api --pid container:carry-api carry/app:1 >/dev/null
docker run -d --name carry-borrows --volumes-from carry-db:ro --network none carry/app:1 >/dev/null
docker run -d --name carry-old-db carry/app:1 >/dev/null
docker run -d --name carry-linked --link carry-old-db:database carry/app:1 >/dev/null
docker run -d --name carry-host --network host --restart on-failure:3 carry/app:1 >/dev/null
docker run -d --name carry-fussy --network none --init --read-only --cap-add NET_ADMIN --cap-drop MKNOD --device /dev/null:/dev/nil \\
  --security-opt no-new-privileges --shm-size 8m --cpu-shares 512 --pids-limit 50 --user 1000:1000 --workdir /tmp --stop-signal INT \\
  --stop-timeout 3 --add-host a:10.0.0.1 --dns 10.0.0.2 --mount type=volume,target=/anonymous --mount type=tmpfs,target=/fast \\
  --mount type=bind,source=/srv/home,target=/home,readonly -t -i carry/app:1 >/dev/null
docker run -d --name carry-frozen --network none carry/app:1 >/dev/null
docker pause carry-frozen >/dev/null
docker run -d --name carry-stopped --network carry-app --restart unless-stopped carry/app:1 >/dev/null
docker stop carry-stopped >/dev/null
docker create --name carry-moved-net --network carry-app carry/app:1 >/dev/null
docker network disconnect carry-app carry-moved-net
docker network connect --ip 172.30.0.77 carry-app carry-stopped 2>/dev/null || :
docker network connect carry-edge carry-moved-net
docker run --name carry-written --network none --entrypoint /bin/sh carry/app:1 -c 'echo kept > /kept; echo data > /var/data/file; exit 3' || [ $? -eq 3 ]
# Without a volume of its own, which would go with it.
docker run -d --rm --name carry-passing --network none lab/base:1 >/dev/null
docker create --name carry-task --label com.docker.swarm.task.id=x1 carry/app:1 >/dev/null
docker exec carry-db sh -c 'echo precious > /var/data/precious'
docker exec carry-fussy true
`;
