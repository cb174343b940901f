#!/usr/bin/env bash
# Boots one instance: the cached root file system with a layer above it, under systemd-nspawn. Becomes the
# container; started by container.py in mount and process namespaces of its own, so that nothing is left of
# either when it ends.
#
#     tests/testbed/boot.sh NAME FOLDER ROOT CGROUP
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

name=$1 folder=$2 root=$3 cgroup=$4

echo 0 >"$cgroup/cgroup.procs"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
# nspawn keeps notes there about its containers.
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn

if ! [ -e "$folder/installed" ]; then
    mount -t proc proc "$folder/root/proc"
    bash tests/testbed/project.sh "$folder/root"
    umount "$folder/root/proc"
    chroot "$folder/root" ssh-keygen -q -A
    tr -d - </proc/sys/kernel/random/uuid >"$folder/root/etc/machine-id"
    touch "$folder/installed"
fi

# No network but loopback; nspawn's usual capabilities, which do not reach the machine's clock (it has no
# namespace), written out all the same. There may be no systemd outside, so it must not be asked for a scope.
# The clock's calls fail rather than kill, as they do for an unprivileged process.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --directory="$folder/root" --boot --machine="$name" --hostname=leerblik \
    --register=no --keep-unit --private-network --link-journal=no --console=pipe \
    --drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE,CAP_SYS_RAWIO </dev/null
