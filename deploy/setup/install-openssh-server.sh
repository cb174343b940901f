#!/usr/bin/env bash
# Installs OpenSSH's server for its programs only: no system server is started or enabled that was not there.
# Run as root. Does nothing where the package is installed already.
#
# The order makes it safe to be killed at any moment: first two files that forbid enabling (a systemd preset)
# and starting (policy-rc.d), then the package, and apt-get itself, not this shell, takes both away at the end.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
preset=/etc/systemd/system-preset/00-leerblik-setup.preset
policy=/usr/sbin/policy-rc.d
mark='Leerblik set-up: taken away again when openssh-server is installed'
units=(ssh.service ssh.socket sshd.service)
# From systemd 256 on, a generator opens these for any sshd that it finds (Debian 13).
generated=(sshd-unix-local.socket sshd-vsock.socket)

status() { dpkg-query -W -f '${db:Status-Status}' openssh-server 2>/dev/null || echo not-installed; }

forbid() {
    mkdir -p "${preset%/*}"
    printf '# %s\n' "$mark" >"$preset"
    printf 'disable %s\n' "${units[@]}" >>"$preset"
    if [ -e /usr/lib/systemd/system-generators/systemd-ssh-generator ]; then
        systemctl mask "${generated[@]}"
    fi
    # Somebody else's policy stays; release stops what it may have let through.
    [ -e "$policy" ] || forbid_starting
}

# Only for ssh (101: "not allowed"): other packages that are installed meanwhile start as ever.
forbid_starting() {
    cat >"$policy" <<END
#!/bin/sh
# $mark
for word; do
    case \$word in ssh | sshd | ssh.* | sshd.*) exit 101 ;; esac
done
exit 0
END
    chmod 755 "$policy"
}

# Runs only while our preset lies there, so never on a server that somebody wanted.
release() {
    if [ ! -e "$preset" ]; then return; fi
    if [ -e /usr/sbin/sshd ]; then
        disable
        stop_running
    fi
    # Half-installed: dpkg has still to run its scripts, and the two files have still to forbid.
    case $(status) in installed | not-installed | config-files) ;; *) return ;; esac
    if grep -qsF "$mark" "$policy"; then rm -f "$policy"; fi
    rm -f "$preset"
    rmdir --ignore-fail-on-non-empty "${preset%/*}"
}

disable() {
    local unit
    for unit in "${units[@]}"; do
        # Works without a running systemd, too; the sshd.service alias need not exist.
        if command -v systemctl >/dev/null; then
            systemctl disable "$unit" || true
        elif command -v deb-systemd-helper >/dev/null; then
            # It answers nobody but a package's script.
            DPKG_MAINTSCRIPT_PACKAGE=openssh-server deb-systemd-helper disable "$unit" || true
        fi
    done
    if [ -e /etc/init.d/ssh ]; then update-rc.d ssh disable; fi
}

stop_running() {
    if [ -d /run/systemd/system ]; then
        systemctl stop ssh.socket ssh.service || true
    elif [ -e /run/sshd.pid ] && [ -e /etc/init.d/ssh ]; then
        /etc/init.d/ssh stop
    fi
}

if [ "${1:-}" = release ]; then
    release
    exit
fi
release # what a killed set-up left behind
if [ "$(status)" = installed ]; then exit; fi
trap release EXIT
forbid
bash "$here/apt-get.sh" install openssh-server \
    -o "DPkg::Post-Invoke::=bash $(printf %q "$here/install-openssh-server.sh") release"
