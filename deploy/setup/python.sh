# shellcheck shell=bash
# Finds a Python of at least 3.11. Sourced.

PYTHON=

# Sets PYTHON to the first that is new enough, or leaves it empty.
find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$name
            return
        fi
    done
}

# The libraries exist as wheels for 64-bit systems only; a 64-bit kernel under a 32-bit system is not enough.
require_64_bit() {
    "$PYTHON" -c 'import sys; sys.exit(sys.maxsize < 2**32)' || stop "this is a 32-bit system, and the" \
        "encryption library exists for 64-bit ones only: install the 64-bit Raspberry Pi OS, Debian or Ubuntu."
}
