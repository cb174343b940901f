#!/usr/bin/env bash
# The present working tree as a tar to be unpacked on the machine's disk.   install.sh ROOT TARGET
#
# Installed by the same steps as in the container and on a device; only what they wrote goes into the tar,
# with the board and the agent of the tests. Run inside a private mount namespace.
set -euo pipefail
root=$1 target=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../../.." && pwd)
# shellcheck source=tests/testbed/vm/layer.sh
. "$here/layer.sh"

mount_layer "$root" "$target.work"
lend_system
bash "$checkout/tests/testbed/project.sh" "$layer"
bash "$checkout/deploy/device/install.sh" --root "$layer" --no-packages --no-project

ours=/usr/local/lib/leerblik-vm
install -D -m 644 -t "$layer$ours" "$here"/guest/{agent.py,board.sh,cpuinfo}
install -D -m 644 -t "$layer/etc/systemd/system" "$here"/guest/*.service
install -D -m 644 "$here/guest/recorder.conf" "$layer/etc/systemd/system/leerblik-recorder.service.d/vm.conf"
# Only the recorder: the page and the sync have nothing to do with buttons and power.
ln -sf /dev/null "$layer/etc/systemd/system/leerblik-web.service"
ln -sf /dev/null "$layer/etc/systemd/system/leerblik-sync.service"
inside systemctl --quiet enable leerblik-board leerblik-agent leerblik.target
tar -c -f "$target" -C "$target.work/upper" .
drop_layer "$target.work"
