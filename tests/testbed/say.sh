# shellcheck shell=bash
# What the test bed's scripts say (to stderr, stdout is for results), and where they write the rest.
# Sourced; the working directory is the checkout.

# shellcheck source=deploy/setup/say.sh
. deploy/setup/say.sh
log=var/testbed.log
mkdir -p var

say() { printf 'Test bed: %s\n' "$*" >&2; }

stop() {
    printf 'Test bed stopped: %s\n' "$*" >&2
    exit 1
}

# Runs a command whose chatter belongs in the log; its failure is the end.
run() {
    logged "$@" && return
    show_log
    stop "this failed: $1 ${2:-} ${3:-} ...; read why in $log, put it right and try again."
}

require_root() {
    [ "$(id -u)" -eq 0 ] || stop "it mounts file systems and starts a machine, so it needs root: put 'sudo'" \
        "before what you said."
}
