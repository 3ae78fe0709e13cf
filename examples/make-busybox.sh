#!/bin/sh
# Makes the image busybox:test out of this machine's busybox, without a registry: examples/make-busybox.sh [docker's options]
# Debian: apt install busybox-static docker.io
set -eu

busybox=$(command -v busybox) || { echo 'busybox is missing: apt install busybox-static' >&2; exit 1; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root"
chmod 755 "$root"
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
for name in $("$busybox" --list); do
  [ "$name" = busybox ] || ln -s busybox "$root/bin/$name"
done
echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
tar -C "$root" -c . | docker "$@" import --change 'CMD ["sh"]' --change 'ENV PATH=/bin' - busybox:test >/dev/null
echo 'made the image busybox:test'
