#!/usr/bin/env bash
# Installs this checkout as it runs on a device, or brings what is installed up to date.
#
#     deploy/device/install.sh [--root DIR] [--inbox] [--no-packages] [--no-project]
#
#     --root DIR     into this root file system instead of the running one (an image, a test bed)
#     --inbox        the coach's machine instead of a device
#     --no-packages  take the packages of packages.txt as given
#     --no-project   take /opt/leerblik as given: only units, users, folders and rules
#
# The second run changes nothing, and prints nothing but "nothing to do". Everything of ours lies in
# /opt/leerblik, /usr/local and /etc/leerblik; footage and catalogue in /var/lib/leerblik are never touched.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
units=$source/deploy/systemd
venv=/opt/leerblik

root='' role=device packages=yes project=yes changed=no

say() { printf 'Install: %s\n' "$*"; }

stop() {
    printf 'Install stopped: %s\n' "$*" >&2
    exit 1
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --root)
            root=$(realpath "${2:?--root needs a folder}")
            shift
            ;;
        --inbox) role=inbox ;;
        --no-packages) packages=no ;;
        --no-project) project=no ;;
        *) stop "unknown option $1; see the top of $0" ;;
        esac
        shift
    done
    if [ "$root" = / ]; then root=''; fi
    [ "$(id -u)" -eq 0 ] || stop "this needs root: say 'sudo $0'."
    [ -z "$root" ] || [ -d "$root/usr" ] || stop "$root is not a root file system."
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
    local missing=() name
    while read -r name; do
        # shellcheck disable=SC2016  # the variable is dpkg-query's
        inside dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' || missing+=("$name")
    done < <(sed -E 's/#.*//; /^\s*$/d' "$here/packages.txt")
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    say "taking from apt: ${missing[*]}"
    inside apt-get update -q
    inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
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
    local extra=device copy=/usr/src/leerblik
    if [ "$role" = inbox ]; then extra=coach; fi
    if [ "$(cat "$root$venv/.installed" 2>/dev/null)" = "$(fingerprint)" ]; then return; fi
    say "the project into $venv"
    if ! [ -x "$root$venv/bin/python" ]; then inside python3 -m venv --system-site-packages "$venv"; fi
    rm -rf "${root:?}$copy" "$root$venv/.installed"
    mkdir -p "$root$copy"
    tar -C "$source" -c --exclude='*.pyc' pyproject.toml README.md LICENSE device server_sync deploy |
        tar -x --no-same-owner -C "$root$copy"
    # Its libraries only if they are missing; itself always anew.
    inside "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        "leerblik[$extra] @ file://$copy"
    inside "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check \
        --no-deps --force-reinstall "leerblik[$extra] @ file://$copy"
    rm -rf "${root:?}$copy"
    check_venv
    fingerprint >"$root$venv/.installed"
    changed=yes
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
        put "$units/leerblik-inbox.service" /usr/local/lib/systemd/system/leerblik-inbox.service || true
    else
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
    ln -sfn "$venv/bin/leerblik" "$root/usr/local/bin/leerblik"
}

make_users_and_folders() {
    local names=leerblik
    if [ "$role" = inbox ]; then names=leerblik-inbox; fi
    inside systemd-sysusers "/usr/local/lib/sysusers.d/$names.conf"
    inside systemd-tmpfiles --create "/usr/local/lib/tmpfiles.d/$names.conf"
}

# The example, only where there is none: what somebody wrote is never replaced.
configure() {
    local file=$root/etc/leerblik/leerblik.toml group=leerblik-data
    if [ -e "$file" ] || [ "$role" = inbox ]; then return; fi
    # It tells teachers' codes and groups: not for every account on this machine.
    install -m 0640 "$here/leerblik.toml" "$file"
    inside chgrp "$group" /etc/leerblik/leerblik.toml
    changed=yes
    say "/etc/leerblik/leerblik.toml, an example to fill in"
}

enable() {
    local unit=leerblik.target
    if [ "$role" = inbox ]; then unit=leerblik-inbox.service; fi
    if [ "$(inside systemctl is-enabled "$unit" 2>/dev/null)" != enabled ]; then
        inside systemctl --quiet enable "$unit"
        changed=yes
        say "$unit starts with the machine"
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
        say "start it with: systemctl restart leerblik.target"
    fi
}

main() {
    read_arguments "$@"
    if [ $packages = yes ] && [ $role = device ]; then install_packages; fi
    if [ $project = yes ]; then install_project; fi
    install_files
    make_users_and_folders
    configure
    enable
    if [ $changed = yes ]; then announce; else say "nothing to do"; fi
}

main "$@"
