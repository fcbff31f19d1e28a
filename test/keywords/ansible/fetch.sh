#!/bin/sh
# Puts Debian trixie's ansible-core where peer.ts looks for it, beside that of this machine's own release: the package is
# pure Python, and bookworm's Python runs it. Nothing is installed, and apt's own lists are left alone.
set -eu
target=$HOME/.cache/zrun-test/ansible-core-2.19
[ -e "$target/usr/bin/ansible-playbook" ] && exit 0
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | grep /debian/ | head -n 1)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$folder/sources.list"
trixie() {
  command=$1
  shift
  apt-get "$command" -qq -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" -o Dir::State::status=/dev/null \
    -o APT::Sandbox::User=root "$@"
}
cd "$folder"
trixie update
trixie download ansible-core
mkdir -p "$target"
dpkg-deb -x ansible-core_*.deb "$target"
