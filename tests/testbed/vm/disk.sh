#!/usr/bin/env bash
# The emulated machine's disk, as a sparse image.   disk.sh ROOT KERNEL TARGET
#
# ROOT: the trixie root file system (an overlay's lowerdir); KERNEL: what kernel.sh made; TARGET: the new image.
# Run inside a private mount namespace, so that no mount outlives it.
set -euo pipefail
root=$1 kernel=$2 target=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/testbed/vm/layer.sh
. "$here/layer.sh"

mount_layer "$root" "$target.work"
# What no test looks at only makes the image slow to write.
rm -rf "${layer:?}"/usr/share/{doc,man,locale,info} "$layer"/usr/include "$layer"/usr/lib/gcc \
    "$layer"/usr/lib/x86_64-linux-gnu/*.a "$layer"/var/{cache/apt,lib/apt/lists,log}/* "${layer:?}"/{dev,proc,sys,tmp}/*
mkdir -p "$layer/lib/modules" "$layer/var/lib/leerblik"
cp -r "$kernel"/modules/* "$layer/lib/modules/"
for version in "$layer"/lib/modules/*; do chroot "$layer" depmod "${version##*/}"; done
echo '/dev/vda / ext4 defaults 0 1' >"$layer/etc/fstab"
: >"$layer/etc/machine-id"
rm -f "$target"
truncate -s 3G "$target"
mke2fs -q -t ext4 -d "$layer" -L leerblik "$target"
drop_layer "$target.work"
