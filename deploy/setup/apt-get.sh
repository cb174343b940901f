#!/usr/bin/env bash
# apt-get as the set-up uses it: asks nothing, adds nothing that was not asked for, restarts nothing.
# Run as root. A script of its own, so that sudo sees one command and no environment has to survive it.
set -euo pipefail

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C.UTF-8
# A fresh machine is often still upgrading itself in the background: wait for it, but not for ever.
exec apt-get -y -q -o DPkg::Lock::Timeout=300 -o APT::Install-Recommends=false "$@" </dev/null
