#!/usr/bin/env bash
# Makes this checkout ready: system packages, a .venv, and the locked libraries in it.
#
#     deploy/setup/setup.sh demo|test|browser|testbed|vm [--system-only]
#
# Each includes the ones before it; all share the one .venv. Silent and quick when there is nothing to do. The .venv
# carries three notes: .made (complete, for this folder and this Python), .busy (pip is at work in it) and
# .ready-demo or .ready-test (a fingerprint of all that it was made from).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# What a user's shell is set up for must not leak into the .venv.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PIP_TARGET PIP_PREFIX
export PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

# shellcheck source=deploy/setup/say.sh
. deploy/setup/say.sh
# shellcheck source=deploy/setup/python.sh
. deploy/setup/python.sh
# shellcheck source=deploy/setup/system-packages.sh
. deploy/setup/system-packages.sh

lock_for() { if [ "$1" = demo ]; then echo requirements.lock; else echo requirements-dev.lock; fi; }

# The test bed and the emulated machine need more of the system, but no libraries beyond the tests'.
libraries_for() { if [ "$1" = demo ]; then echo demo; else echo test; fi; }

# Everything that the .venv depends on. Moving the folder or upgrading Python makes a new one.
fingerprint() {
    { pwd && .venv/bin/python -V && cat "$(lock_for "$1")" pyproject.toml deploy/setup/*; } 2>&1 | sha256sum
}

ready() { [ -f ".venv/.ready-$1" ] && [ "$(cat ".venv/.ready-$1")" = "$(fingerprint "$1")" ]; }

libraries_ready() { ready test || { [ "$1" = demo ] && ready demo; }; }

# Tells whether nothing is to be done. What can be done without is not asked for a second time.
all_ready() {
    local PYTHON=.venv/bin/python
    libraries_ready "$(libraries_for "$1")" && ! was_interrupted && [[ $(missing_packages "$1") != *' stop'* ]]
}

make_venv() {
    local made
    made="$(pwd) $("$PYTHON" -V)"
    if [ ! -e .venv/.busy ] && [ "$(cat .venv/.made 2>/dev/null)" = "$made" ] && .venv/bin/python -c '' 2>/dev/null
    then return; fi
    attempt "making .venv"
    say "making .venv with $("$PYTHON" -V)"
    rm -rf .venv || stop ".venv cannot be replaced: run 'sudo rm -rf .venv var' and try again."
    if ! logged "$PYTHON" -m venv .venv; then
        show_log
        stop "$(why_python_failed ".venv could not be made")"
    fi
    echo "$made" >.venv/.made
}

# The versions and hashes of the lock, ready-made wheels only: nothing of a library is run to install it.
# Raspberry Pi OS adds piwheels, whose rebuilt wheels have other hashes: pip passes over an offer whose
# published hash is not in the lock, so both the index of a machine and its piwheels can stay as they are.
install_libraries() {
    local started=$SECONDS pip=(.venv/bin/python -m pip install --no-deps --progress-bar off --retries 3)
    say "installing the libraries of $(lock_for "$1")"
    attempt "installing the libraries"
    rm -f .venv/.ready-*
    touch .venv/.busy
    if ! { logged "${pip[@]}" --require-hashes --only-binary :all: -r "$(lock_for "$1")" &&
        logged "${pip[@]}" --no-build-isolation --no-index -e . &&
        logged .venv/bin/python -m pip check; }; then
        show_log
        stop "$(why_python_failed "the libraries could not be installed")"
    fi
    fingerprint "$1" >".venv/.ready-$1"
    rm .venv/.busy
    say "ready after $((SECONDS - started)) s"
}

why_python_failed() {
    if disk_is_full; then
        printf '%s: the disk is full; make room (about 600 MB) and try again.' "$1"
    elif log_says 'do not match the hashes'; then
        printf '%s: a download differs from the locked one; empty the cache with %s and try again.' "$1" \
            "'.venv/bin/python -m pip cache purge'"
    elif log_says 'CERTIFICATE_VERIFY_FAILED'; then
        printf '%s: this network re-signs connections; point PIP_CERT at the certificate of its authority %s' "$1" \
            "(ask the network's administrator) and try again."
    elif log_says 'name resolution|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|connection (broken|aborted|refused)'; then
        printf '%s: the package index cannot be reached; check the network (and its proxy) and try again.' "$1"
    elif log_says 'no matching distribution'; then
        printf '%s: there is no ready-made library for %s on %s; use Debian 12 or 13, Ubuntu 24.04 or %s.' "$1" \
            "$("$PYTHON" -V)" "$(uname -m)" "Raspberry Pi OS (64-bit)"
    elif log_says 'ensurepip'; then
        printf '%s: Python lacks its venv module; install python3-venv and try again.' "$1"
    else
        printf '%s: read why in %s, put it right and try again.' "$1" "$log"
    fi
}

# var/ holds the log; a set-up that root once made cannot be changed by a user.
require_writable() {
    local path
    mkdir -p var 2>/dev/null || true
    for path in . var "$log" .venv; do
        if [ -e "$path" ] && ! [ -w "$path" ]; then
            stop "$(id -un) may not write $path: run 'sudo chown -R $(id -un) .' in $(pwd) and try again."
        fi
    done
}

main() {
    local libraries
    case $1 in
        demo | test | browser | testbed | vm) ;;
        *) stop "say 'deploy/setup/setup.sh demo' or 'deploy/setup/setup.sh test' (or browser, testbed, vm)." ;;
    esac
    libraries=$(libraries_for "$1")
    if [ "${2:-}" != --system-only ] && all_ready "$1"; then return; fi
    require_writable
    # Two at once would install into each other's half-made .venv.
    exec 9>var/setup.lock
    flock 9
    : >"$log"
    find_python
    install_missing "$1"
    if [ "${2:-}" = --system-only ]; then return; fi
    find_python
    [ -n "$PYTHON" ] || stop "Python 3.11 or newer is needed and apt-get brought none: use Debian 12 or 13," \
        "Ubuntu 24.04 or Raspberry Pi OS (64-bit)."
    require_64_bit
    make_venv
    if ! libraries_ready "$libraries"; then install_libraries "$libraries"; fi
}

main "${1:-}" "${2:-}"
