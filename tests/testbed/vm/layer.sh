# shellcheck shell=bash
# A writable layer over a root file system that is shared and stays as it is. Sourced inside `unshare --mount`.

layer=

# mount_layer LOWER WORK: sets layer to the merged tree; what is written lands in WORK/upper.
mount_layer() {
    mkdir -p "$2"/{upper,work,merged}
    layer=$2/merged
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$layer"
}

# What programs in the layer expect of a running system.
lend_system() {
    mount -t proc proc "$layer/proc"
    mount -t tmpfs tmpfs "$layer/tmp"
    mount --bind /dev "$layer/dev"
}

# Runs a command in the layer, in words that everybody reads.
inside() { env LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot "$layer" "$@"; }

drop_layer() {
    umount -R "$layer"
    rm -rf "$1"
}
