# Makes a repository on the host with one small package, `hello`, and has apt know no other: a lab host has no network,
# and a test must not depend on what some mirror holds today.
set -eu
folder=/root/repository
rm -rf "$folder"
mkdir -p "$folder/hello/DEBIAN" "$folder/hello/usr/bin"
printf '#!/bin/sh\necho Hello, world!\n' >"$folder/hello/usr/bin/hello"
chmod 755 "$folder/hello/usr/bin/hello"
cat >"$folder/hello/DEBIAN/control" <<'END'
Package: hello
Version: 2.10-3
Architecture: all
Maintainer: zrun's lab <root@localhost>
Recommends: zrun-no-such-package
Description: greets
END
dpkg-deb --build --root-owner-group "$folder/hello" "$folder/hello.deb" >/dev/null
rm -r "$folder/hello"
cd "$folder"
{
  dpkg-deb -f hello.deb
  echo "Filename: ./hello.deb"
  echo "Size: $(stat -c %s hello.deb)"
  echo "SHA256: $(sha256sum hello.deb | cut -d ' ' -f 1)"
} >Packages
echo "deb [trusted=yes] file:$folder ./" >list
# apt reads as its own user.
chmod 755 /root "$folder"
cat >/etc/apt/apt.conf.d/99lab-repository <<END
Dir::Etc::sourcelist "$folder/list";
Dir::Etc::sourceparts "-";
END
# Lists from before there was this repository: whoever installs from it has to fetch them.
rm -f /var/lib/apt/periodic/update-success-stamp
touch -d '2 days ago' /var/lib/apt/lists
