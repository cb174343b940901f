# shellcheck shell=bash
# What the set-up says, and where it writes the rest. Sourced; the working directory is the checkout.

log=var/setup.log

say() { printf 'Set-up: %s\n' "$*"; }

# One sentence that says what to do, and the end.
stop() {
    printf 'Set-up stopped: %s\n' "$*" >&2
    exit 1
}

# Runs a command whose chatter belongs in the log. A log that cannot be written stops nothing.
logged() {
    printf '$ %s\n' "$*" >>"$log" || true
    "$@" >>"$log" 2>&1 </dev/null
}

# Shows what the last command wrote; meant to stand above the sentence of stop.
show_log() { tail -n 12 "$log" >&2; }

# Opens a new attempt in the log; log_says looks at the last one only.
attempt() { printf '\n=== %s\n' "$*" >>"$log"; }

# Tells whether the last attempt wrote a line like this.
log_says() {
    awk '/^=== / { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$log" | grep -iE "$1" >/dev/null
}

# A full disk often leaves no room to say so in the log.
disk_is_full() {
    log_says 'no space left|enough free space' || [ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -lt 20000 ]
}
