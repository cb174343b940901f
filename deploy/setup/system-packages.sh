# shellcheck shell=bash disable=SC2154  # log comes from say.sh
# Installs the system packages that are missing, and only those. Sourced after say.sh and python.sh.

# Prints "package without-it" for everything that a purpose needs and this machine lacks.
missing_packages() {
    local package purpose probe without_it
    while read -r package purpose probe without_it; do
        case $package in '' | '#'*) continue ;; esac
        [[ " $(needs "$1") " == *" $purpose "* ]] || continue
        is_there "$probe" || printf '%s %s\n' "$(named_for_python "$package")" "$without_it"
    done <deploy/setup/system-packages.txt
}

# A purpose needs what the ones before it need.
needs() {
    case $1 in
        testbed) echo demo test testbed ;;
        vm) echo demo test testbed vm ;;
        browser) echo demo test browser ;;
        *) echo demo "$1" ;;
    esac
}

# Looks for the real thing: it may be there without apt. /usr/sbin is on no ordinary user's PATH.
is_there() {
    case $1 in
        command:*) PATH="$PATH:/usr/sbin:/sbin" command -v "${1#command:}" >/dev/null ;;
        python:*) [ -n "$PYTHON" ] ;;
        file:*) [ -e "${1#file:}" ] ;;
        module:*) "${PYTHON:-false}" -c "import ${1#module:}" 2>/dev/null ;;
        *) stop "deploy/setup/system-packages.txt has an unknown kind of probe: $1" ;;
    esac
}

# Beside a second Python (python3.12), its own venv package is needed.
named_for_python() {
    case $1 in
        python3-venv) printf '%s-venv' "${PYTHON:-python3}" ;;
        *) printf '%s' "$1" ;;
    esac
}

# Installs what is missing for a purpose (demo, test, browser, testbed or vm).
install_missing() {
    local package without_it required=() server=
    while read -r package without_it; do
        if [ "$without_it" = stop ]; then required+=("$package"); else server=$package; fi
    done < <(missing_packages "$1")
    if was_interrupted; then server=openssh-server; fi
    if [ -z "$PYTHON" ] && command -v python3 >/dev/null; then
        stop "Python 3.11 or newer is needed and this machine offers $(python3 -V 2>&1): use Debian 12 or 13," \
            "Ubuntu 24.04 or Raspberry Pi OS (64-bit), or install python3.11 and python3.11-venv."
    fi
    [ ${#required[@]} -eq 0 ] || install_required "${required[@]}"
    [ -z "$server" ] || install_server "$server"
}

# Installing OpenSSH's server was killed half-way: its script finishes what it began.
was_interrupted() { [ -e /etc/systemd/system-preset/00-leerblik-setup.preset ]; }

install_required() {
    may_install "$*" || stop "$reason"
    say "installing $* with apt-get (what it says goes to $log)"
    with_fresh_lists_if_needed deploy/setup/apt-get.sh install "$@" && return
    show_log
    stop "$(why_apt_failed "$*")"
}

# Without OpenSSH's server the demo still runs, on a server of its own.
install_server() {
    if may_install "$1"; then
        say "installing $1 with apt-get, without starting or enabling it"
        with_fresh_lists_if_needed deploy/setup/install-openssh-server.sh && return
        reason=$(why_apt_failed "$1")
    fi
    say "going on without $1, with the demo's own SFTP server, because $reason"
}

# Sets reason, and fails, when this account cannot install packages here.
may_install() {
    local advice="run 'sudo apt-get install --no-install-recommends $1' once"
    [ "$1" = openssh-server ] && advice="run 'sudo deploy/setup/install-openssh-server.sh' once"
    reason=
    if ! command -v apt-get >/dev/null; then
        reason="$1 must be installed and there is no apt-get: install it with this system's own package manager."
    elif [ "$(id -u)" -eq 0 ]; then
        return 0
    elif ! command -v sudo >/dev/null; then
        reason="$1 must be installed and there is no sudo: as root, ${advice/sudo /}."
    elif ! [ -t 0 ] && ! sudo -n true 2>/dev/null; then
        reason="$1 must be installed, sudo wants a password, and there is no terminal to ask for it: $advice."
    fi
    [ -z "$reason" ]
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Tries first with the package lists as they are: most machines have them. One broken source among several
# must not keep the others' packages away, so a failed update is no reason to give up.
with_fresh_lists_if_needed() {
    attempt "$*"
    logged as_root bash "$@" && return
    attempt "the same with fresh lists"
    logged as_root bash deploy/setup/apt-get.sh update || true
    logged as_root bash "$@"
}

why_apt_failed() {
    local problem="apt-get could not install $1"
    if disk_is_full; then
        printf '%s: the disk is full; make room and try again.' "$problem"
    elif log_says 'temporary failure resolving|could not resolve|failed to fetch|could not connect|connection (failed|timed out)'; then
        printf '%s: its servers cannot be reached; check the network (and its proxy) and try again.' "$problem"
    elif log_says 'could not get lock'; then
        printf '%s: another program is installing; wait until it is done and try again.' "$problem"
    elif log_says 'dpkg --configure -a'; then
        printf "%s: an earlier installation was interrupted; run 'sudo dpkg --configure -a' and try again." "$problem"
    elif log_says 'unable to locate package|no installation candidate'; then
        printf '%s: this system does not offer it; use Debian 12 or 13, Ubuntu 24.04 or Raspberry Pi OS.' "$problem"
    elif log_says 'not in the sudoers|not allowed to execute|password is required'; then
        printf '%s: this account may not use sudo; ask an administrator to install it.' "$problem"
    else
        printf '%s: read why in %s, put it right and try again.' "$problem" "$log"
    fi
}
