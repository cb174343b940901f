#!/usr/bin/env bash
# Builds the test bed's root file system, unless the cache has it, and prints its folder.
#
#     tests/testbed/root.sh
#
# Debian trixie, which Raspberry Pi OS is based on, with the device's system packages, a stand-in for
# Raspberry Pi's own packages, and /opt/leerblik, the venv that the project goes into (see project.sh).
# Nothing of the project is in it, so that it is built anew only when its own inputs change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# shellcheck source=tests/testbed/say.sh
. tests/testbed/say.sh

inputs=(tests/testbed/root.sh tests/testbed/root/*)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/leerblik/testbed
stubs=/usr/local/lib/virtualcam

# Only the dependencies count of pyproject.toml, and of the lock only the versions.
fingerprint() {
    {
        cat "${inputs[@]}"
        requirements dependencies web device coach setup
        pins
        uname -m
    } | sha256sum | cut -c-16
}

# What pip brings to a venv, one a line; its arguments are names of lists in pyproject.toml.
requirements() {
    local names
    names=$(IFS='|' && echo "$*")
    awk -v names="^($names) = [[]" '/^\[/ { inside = 0 } $0 ~ names { inside = 1; next } /^\]/ { inside = 0 }
        inside && /"/ && !/leerblik\[/ { split($0, part, "\""); print part[2] }' pyproject.toml
}

# The lock's versions, without those of another system.
pins() { sed -nE 's/^([a-z0-9-]+==[^ ;]+).*/\1/p' requirements-dev.lock; }

wanted() { sed -E 's/#.*//; /^\s*$/d' "$1"; }

packages() { wanted "tests/testbed/root/$1" | paste -sd, -; }

bootstrap() {
    say "fetching Debian trixie with the device's packages (about a minute)"
    # The time stamps of a snapshot are old; that is no reason to refuse it.
    run mmdebstrap --mode=root --variant=minbase --skip=check/empty --aptopt='APT::Install-Recommends "false"' \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        --include="$(packages packages.txt),$(packages build-only.txt)" trixie "$root"
}

# The settings with which this machine reaches its package index are lent by mounts of this script's own
# mount namespace, and never lie in the root.
lend_settings() {
    local file
    for file in /etc/resolv.conf /etc/pip.conf /root/.config/pip/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        local from=$file
        if [ "$file" = /root/.config/pip/pip.conf ]; then from=$HOME/.config/pip/pip.conf; fi
        if [ -f "$from" ]; then lend "$(readlink -f "$from")" "$root$file"; fi
    done
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
}

lend() {
    if ! [ -e "$2" ]; then
        mkdir -p "${2%/*}"
        rm -f "$2"
        : >"$2"
        lent+=("$2")
    fi
    mount --bind "$1" "$2"
    mounted+=("$2")
}

take_settings_back() {
    umount "${mounted[@]}" "$root/proc" "$root/tmp"
    rm -f "$root/etc/resolv.conf"
    if [ ${#lent[@]} -gt 0 ]; then rm -f "${lent[@]}"; fi
    rm -rf "$root/root/.config" "$root/root/.cache"
}

inside() { run chroot "$root" env HOME=/root PIP_ROOT_USER_ACTION=ignore PIP_NO_CACHE_DIR=1 "$@"; }

stand_in_for_the_pi() {
    say "adding picamera2 and lgpio beside apt's packages"
    wanted tests/testbed/root/system-python.txt >"$root/tmp/system.txt"
    inside pip install --break-system-packages --no-deps -r /tmp/system.txt
    for group in gpio spi i2c; do inside groupadd --force --system "$group"; done
}

# The wheels stay: the install script is tested with them, and a coach's machine is made of them.
make_venv() {
    say "making /opt/leerblik as on a device, and the suite's libraries beside it"
    pins >"$root/tmp/pins.txt"
    requirements dependencies web device setup >"$root/tmp/device.txt"
    requirements coach >"$root/tmp/coach.txt"
    wanted tests/testbed/root/suite-python.txt >"$root/tmp/suite.txt"
    inside pip download --only-binary :all: --dest /opt/wheels -c /tmp/pins.txt -r /tmp/device.txt -r /tmp/coach.txt
    inside python3 -m venv --system-site-packages /opt/leerblik
    inside /opt/leerblik/bin/pip install --no-index --find-links /opt/wheels -r /tmp/device.txt
    inside pip install --only-binary :all: --no-deps --target /opt/suite -c /tmp/pins.txt -r /tmp/suite.txt
}

build_shims() {
    say "building the stand-ins for a Pi's kernel"
    mkdir -p "$root$stubs"
    cp tests/testbed/root/*.c "$root/tmp/"
    inside gcc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$stubs/dmaheap.so" /tmp/dmaheap.c
}

tidy() {
    say "taking the build tools away again"
    local tools
    mapfile -t tools < <(wanted tests/testbed/root/build-only.txt)
    inside apt-get -y -q purge --autoremove "${tools[@]}"
    # Each instance gets keys and an id of its own when it starts; an id that is missing altogether would make
    # systemd set up every unit anew.
    rm -f "$root"/etc/ssh/ssh_host_*
    : >"$root/etc/machine-id"
    # A device without it must run as well; the tests that are about it start it.
    inside systemctl --quiet disable NetworkManager.service NetworkManager-wait-online.service \
        NetworkManager-dispatcher.service wpa_supplicant.service
    echo leerblik >"$root/etc/hostname"
}

build() {
    local started=$SECONDS root=$target.part mounted=() lent=()
    rm -rf "$root"
    mkdir -p "$root"
    attempt "building the root file system"
    bootstrap
    lend_settings
    stand_in_for_the_pi
    make_venv
    build_shims
    tidy
    take_settings_back
    mv "$root" "$target"
    say "the root file system is ready after $((SECONDS - started)) s ($(du -sh "$target" | cut -f1))"
}

# Older ones stay while an instance runs on them: it holds a shared lock.
drop_older() {
    local old
    for old in "$cache"/root-*; do
        case $old in "$target" | *.lock) continue ;; esac
        if ! [ -d "$old" ]; then continue; fi
        if flock --nonblock --exclusive "${old%.part}.lock" rm -rf "$old"; then rm -f "${old%.part}.lock"; fi
    done
}

main() {
    require_root
    target=$cache/root-$(fingerprint)
    if [ "${1:-}" = --in-namespace ]; then
        build
        return
    fi
    if ! [ -d "$target" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/build.lock"
        flock 9
        if ! [ -d "$target" ]; then
            unshare --mount --propagation private bash tests/testbed/root.sh --in-namespace
            drop_older
        fi
    fi
    echo "$target"
}

main "$@"
