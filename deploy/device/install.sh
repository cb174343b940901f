#!/usr/bin/env bash
# Installs this checkout as it runs on a device, or brings what is installed up to date.
#
#     deploy/device/install.sh [--root DIR] [--inbox] [--no-packages] [--no-project]
#
#     --root DIR     into this root file system instead of the running one (an image, a test bed);
#                    / for the one that this runs in, though its systemd does not run
#     --inbox        the coach's machine instead of a device
#     --no-packages  take the packages of packages.txt (inbox-packages.txt) as given
#     --no-project   take /opt/leerblik as given: only units, users, folders and rules
#
# The second run changes nothing, and prints nothing but "nothing to do". Everything of ours lies in
# /opt/leerblik, /usr/local and /etc/leerblik; footage and catalogue in /var/lib/leerblik are never touched.
#
# Without a network: put the wheels of the libraries and of setuptools into a folder, for example with
# 'pip download', and say PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER before the command, with --no-packages.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
units=$source/deploy/systemd
venv=/opt/leerblik

root='' role=device packages=yes project=yes changed=no elsewhere=no copy=''

say() { printf 'Install: %s\n' "$*"; }

stop() {
    printf 'Install stopped: %s\n' "$*" >&2
    exit 1
}

# The lines at the top of this file.
help() { sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//; p}' "${BASH_SOURCE[0]}"; }

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        -h | --help)
            help
            exit 0
            ;;
        --root)
            [ -n "${2:-}" ] || stop "--root needs a folder, for example --root /mnt."
            root=$(realpath --canonicalize-missing "$2") elsewhere=yes
            shift
            ;;
        --inbox) role=inbox ;;
        --no-packages) packages=no ;;
        --no-project) project=no ;;
        *) stop "unknown option $1; '$0 --help' tells which there are." ;;
        esac
        shift
    done
    if [ "$root" = / ]; then root=''; fi
}

# Whatever could go wrong later for a reason that can be seen now is said now, before anything is changed.
check_system() {
    local architecture
    [ "$(id -u)" -eq 0 ] || stop "this needs root: say 'sudo $0'."
    [ -z "$root" ] || [ -d "$root/usr" ] || stop "$root is not a root file system."
    inside true 2>/dev/null || stop "programs of $root do not run on this machine; install on the device itself."
    inside systemctl --version >/dev/null 2>&1 ||
        stop "there is no systemd; Leerblik runs on Raspberry Pi OS or another Debian with systemd."
    architecture=$(inside dpkg --print-architecture 2>/dev/null) ||
        stop "there is no dpkg; Leerblik runs on Raspberry Pi OS or another Debian."
    case $architecture in
    arm64 | amd64) ;;
    *) stop "this system is $architecture; take Raspberry Pi OS (64-bit), for which there are libraries." ;;
    esac
    if ! [ $elsewhere = yes ] && ! running; then
        stop "systemd does not run here; for an image say --root and its folder, in a chroot say --root /."
    fi
}

# Runs a command in the root that is installed into.
inside() { if [ -n "$root" ]; then chroot "$root" "$@"; else "$@"; fi; }

running() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# Puts one file in its place; tells by its exit code whether that changed anything.
put() {
    local from=$1 to=$root$2 mode=${3:-0644}
    if cmp -s "$from" "$to" && [ "$(stat -c %a "$to")" = "${mode#0}" ]; then return 1; fi
    install -D -m "$mode" "$from" "$to.new"
    mv "$to.new" "$to"
    changed=yes
    say "$2"
}

install_packages() {
    local missing=() name list=$here/packages.txt
    if [ "$role" = inbox ]; then list=$here/inbox-packages.txt; fi
    while read -r name; do
        # shellcheck disable=SC2016  # the variable is dpkg-query's
        inside dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' || missing+=("$name")
    done < <(sed -E 's/#.*//; /^\s*$/d' "$list")
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    say "taking from apt: ${missing[*]}"
    inside apt-get update -q || stop "apt's lists cannot be had; the lines above say why. Is there a network?"
    inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" ||
        stop "apt did not bring what is missing; the lines above say why. python3-picamera2 is Raspberry Pi OS's alone."
    changed=yes
}

# What the project's part of the venv is made from.
fingerprint() {
    (
        cd "$source"
        echo "$role"
        find pyproject.toml device server_sync deploy -type f ! -name '*.pyc' -print0 | sort -z |
            xargs -0 sha256sum
    ) | sha256sum
}

install_project() {
    local extra=device
    if [ "$role" = inbox ]; then extra=coach; fi
    if [ "$(cat "$root$venv/.installed" 2>/dev/null)" = "$(fingerprint)" ]; then return; fi
    check_python
    say "the project into $venv"
    if ! [ -x "$root$venv/bin/python" ]; then inside python3 -m venv --system-site-packages "$venv"; fi
    rm -f "$root$venv/.installed"
    mkdir -p "$root/usr/src"
    copy=$(mktemp -d "$root/usr/src/leerblik.XXXXXX")
    trap 'rm -rf "$copy"' EXIT
    tar -C "$source" -c --exclude='*.pyc' pyproject.toml README.md LICENSE device server_sync deploy |
        tar -x --no-same-owner -C "$copy"
    # Its libraries only if they are missing; itself always anew.
    bring "leerblik[$extra] @ file://${copy#"$root"}"
    bring --no-deps --force-reinstall "leerblik[$extra] @ file://${copy#"$root"}"
    check_venv
    fingerprint >"$root$venv/.installed"
    changed=yes
}

check_python() {
    inside python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        stop "Python 3.11 or newer is needed, which Debian 12 and 13 have."
    inside python3 -c 'import ensurepip, venv' 2>/dev/null ||
        stop "python3-venv is missing: say 'apt install python3-venv', then try again."
    if [ -x "$root$venv/bin/python" ] && ! inside "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        stop "$venv is of another Python or was not finished; remove it and try again."
    fi
}

bring() {
    inside "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@" ||
        stop "pip did not bring the project's libraries; the lines above say why. '$0 --help' tells how it goes" \
            "without a network."
}

# numpy from PyPI over apt's breaks simplejpeg, and with it the camera (picamera2 #1211).
check_venv() {
    local name
    if [ "$role" = inbox ]; then return; fi
    for name in numpy av simplejpeg; do
        if [ -n "$(find "$root$venv" -maxdepth 5 -path "*/site-packages/$name" -print -quit)" ]; then
            stop "$venv holds a $name of its own, which must come from apt; remove $venv and try again."
        fi
    done
}

install_files() {
    local unit names=leerblik
    put "$units/leerblik.catalog" /usr/local/lib/systemd/catalog/leerblik.catalog || true
    put "$units/README.md" /usr/local/share/doc/leerblik/systemd.md || true
    if [ "$role" = inbox ]; then
        names=leerblik-inbox
        put "$source/deploy/sshd/README.md" /usr/local/share/doc/leerblik/inbox.md || true
        put "$here/inbox.toml" /usr/local/share/doc/leerblik/inbox.toml || true
        put "$units/leerblik-inbox.service" /usr/local/lib/systemd/system/leerblik-inbox.service || true
    else
        put "$here/README.md" /usr/local/share/doc/leerblik/device.md || true
        put "$here/leerblik.toml" /usr/local/share/doc/leerblik/leerblik.toml || true
        for unit in "$units"/leerblik*.{service,target,slice,path}; do
            if [ "${unit##*/}" = leerblik-inbox.service ]; then continue; fi
            put "$unit" "/usr/local/lib/systemd/system/${unit##*/}" || true
        done
        put "$units/leerblik.modules-load.conf" /usr/local/lib/modules-load.d/leerblik.conf || true
        put "$units/leerblik.sysctl.conf" /usr/local/lib/sysctl.d/60-leerblik.conf || true
        put "$units/60-leerblik.rules" /etc/udev/rules.d/60-leerblik.rules || true
    fi
    put "$units/$names.sysusers.conf" "/usr/local/lib/sysusers.d/$names.conf" || true
    put "$units/$names.tmpfiles.conf" "/usr/local/lib/tmpfiles.d/$names.conf" || true
    if [ "$(readlink "$root/usr/local/bin/leerblik")" != "$venv/bin/leerblik" ]; then
        ln -sfn "$venv/bin/leerblik" "$root/usr/local/bin/leerblik"
        changed=yes
    fi
}

make_users_and_folders() {
    local names=leerblik
    if [ "$role" = inbox ]; then names=leerblik-inbox; fi
    inside systemd-sysusers "/usr/local/lib/sysusers.d/$names.conf"
    inside systemd-tmpfiles --create "/usr/local/lib/tmpfiles.d/$names.conf"
}

# The example, only where there is none: what somebody wrote is never replaced. It tells teachers' codes and
# groups: not for every account on this machine.
configure() {
    local example=$here/leerblik.toml file=/etc/leerblik/leerblik.toml group=leerblik-data
    if [ -e "$root$file" ]; then return; fi
    if [ "$role" = inbox ]; then
        example=$here/inbox.toml
        group=leerblik-inbox
    fi
    install -m 0640 "$example" "$root$file"
    inside chgrp "$group" "$file"
    changed=yes
    say "$file, an example to fill in"
}

# What is started and stopped.
unit() { if [ "$role" = inbox ]; then echo leerblik-inbox.service; else echo leerblik.target; fi; }

enable() {
    if [ "$(inside systemctl is-enabled "$(unit)" 2>/dev/null)" != enabled ]; then
        inside systemctl --quiet enable "$(unit)"
        changed=yes
        say "$(unit) starts with the machine"
    fi
}

# What a running system has read before is read again; services go on as they are until they are restarted.
announce() {
    inside journalctl --update-catalog
    if running; then
        systemctl daemon-reload
        if [ "$role" = device ]; then
            # A container has neither devices nor kernel settings of its own.
            if [ -S /run/udev/control ]; then udevadm control --reload; udevadm trigger; fi
            if [ -w /proc/sys/vm/dirty_bytes ]; then sysctl --quiet --load /usr/local/lib/sysctl.d/60-leerblik.conf; fi
            systemctl --quiet restart systemd-modules-load.service
        fi
        say "start it with: systemctl restart $(unit)"
    fi
}

main() {
    read_arguments "$@"
    check_system
    if [ $packages = yes ]; then install_packages; fi
    if [ $project = yes ]; then install_project; fi
    install_files
    make_users_and_folders
    configure
    enable
    if [ $changed = yes ]; then announce; else say "nothing to do"; fi
}

main "$@"
