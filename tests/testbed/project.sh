#!/usr/bin/env bash
# Puts the present working tree into a root file system that root.sh made, as it is installed on a device.
#
#     tests/testbed/project.sh ROOT
#
# ROOT is a layer above root.sh's folder (an overlay), never the cached folder itself. Also brings the
# stand-in for the camera, and the suite that runs inside: /opt/suite/project holds the tests but none of
# the project's own packages, so that what is tested is what is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=tests/testbed/say.sh
. tests/testbed/say.sh

root=${1:?say which root: tests/testbed/project.sh ROOT}
stubs=/usr/local/lib/virtualcam
suite=/opt/suite/project
# Lies on nobody's path of modules: what the install script is tried with.
checkout=/opt/checkout

inside() { run chroot "$root" env HOME=/root PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 "$@"; }

# Tracked files, and new ones that are not ignored; those that were just deleted are not there to copy.
tree() { git -c safe.directory="$PWD" ls-files -z --cached --others --exclude-standard "$@" | xargs -0 -r ls -d 2>/dev/null | sort -u; }

copy_tree() { tar -c --no-recursion --files-from <(tree "${@:2}") | tar -x --no-same-owner -C "$1"; }

install_project() {
    rm -rf "$root$checkout"
    mkdir -p "$root$checkout"
    copy_tree "$root$checkout"
    inside /opt/leerblik/bin/python -m pip install --no-deps --no-build-isolation --force-reinstall \
        --disable-pip-version-check --no-cache-dir "$checkout"
    rm -rf "$root$suite"
    mkdir -p "$root$suite"
    copy_tree "$root$suite" tests pyproject.toml deploy/sshd deploy/systemd
    rm -rf "$root$checkout/build" "$root$checkout"/*.egg-info
}

install_camera() {
    local packages=/usr/local/lib/python3.13/dist-packages
    rm -rf "$root$packages/virtualcam" "$root$stubs/pictures"
    mkdir -p "$root$packages/virtualcam" "$root$stubs/pictures" "$root/usr/share/libcamera/pipeline/virtual"
    cp tests/testbed/virtualcam/*.py "$root$packages/virtualcam/"
    cp tests/testbed/virtualcam/virtualcam.pth "$root$packages/"
    cp tests/testbed/virtualcam/virtual.yaml "$root/usr/share/libcamera/pipeline/virtual/"
    inside /opt/leerblik/bin/python -m virtualcam.pictures "$stubs/pictures"
}

# Units, users and folders, by the script that a device is installed with.
install_device() {
    run bash deploy/device/install.sh --root "$root" --no-packages --no-project
    install -D -m 644 tests/testbed/virtualcam/virtualcam.conf \
        "$root/etc/systemd/system/leerblik-recorder.service.d/virtualcam.conf"
}

install_project
install_camera
install_device
