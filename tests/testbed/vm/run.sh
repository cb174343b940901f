#!/usr/bin/env bash
# Boots a machine under software emulation and tests in it what no container can show: a real GPIO chip, a
# real sound card, and the plug being pulled.
#
#     tests/testbed/vm/run.sh [ARGUMENTS FOR PYTEST]
#
# SHORT=1 pulls the plug twice instead of ten times. Kernel and disk are cached, the project is put in anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

# shellcheck source=tests/testbed/say.sh
. tests/testbed/say.sh

here=tests/testbed/vm
cache=${XDG_CACHE_HOME:-$HOME/.cache}/leerblik/testbed

fingerprint() { { echo "$1" && cat "${@:2}"; } | sha256sum | cut -c-16; }

privately() { run timeout 1200 unshare --mount --propagation private bash "$@"; }

# Makes something once; what is half made never looks whole.
make_once() {
    local target=$1 what=$2
    if [ -e "$target" ]; then return; fi
    local started=$SECONDS
    say "$what"
    rm -rf "$target.part" "$target.part.work"
    privately "${@:3}" "$target.part"
    mv "$target.part" "$target"
    say "... took $((SECONDS - started)) s"
}

# Older ones, and what a killed run left behind; only while nobody else tests.
drop_others() {
    local old
    for old in "$cache"/vm-{kernel,disk,work}*; do
        case $old in "$kernel" | "$disk") continue ;; esac
        rm -rf "$old"
    done
}

# Whoever tests holds a shared lock on the cache, whoever builds an exclusive one.
build() {
    kernel=$cache/vm-kernel-$(fingerprint "" "$here"/{kernel.sh,layer.sh,guest/init})
    disk=$cache/vm-disk-$(fingerprint "$root $kernel" "$here"/{disk.sh,layer.sh})
    exec 8>"$cache/vm.lock"
    flock --shared 8
    if [ -e "$kernel" ] && [ -e "$disk" ]; then return; fi
    flock 8
    attempt "building the emulated machine"
    make_once "$kernel" "fetching Debian's kernel and building gpio-sim for it" "$here/kernel.sh" "$root"
    make_once "$disk" "writing the emulated machine's disk" "$here/disk.sh" "$root" "$kernel"
    drop_others
    flock --shared 8
}

main() {
    require_root
    command -v qemu-system-x86_64 >/dev/null || stop "there is no qemu-system-x86_64: install qemu-system-x86."
    root=$(bash tests/testbed/root.sh)
    # As long as somebody holds a shared lock, a newer one does not replace it.
    exec 7>>"$root.lock"
    flock --shared 7
    build
    work=$(mktemp -d "$cache/vm-work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    privately "$here/install.sh" "$root" "$work/project.tar"
    export LEERBLIK_VM=$work LEERBLIK_VM_KERNEL=$kernel LEERBLIK_VM_DISK=$disk
    LEERBLIK_VM_CUTS=${SHORT:+2} .venv/bin/python -m pytest -q --timeout=400 "$here" "$@"
}

main "$@"
