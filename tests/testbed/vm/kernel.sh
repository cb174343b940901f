#!/usr/bin/env bash
# Debian's kernel for the emulated machine, with gpio-sim built for it.   kernel.sh ROOT TARGET
#
# ROOT: the trixie root file system (an overlay's lowerdir); TARGET: a new folder for vmlinuz, initrd, modules/.
# Debian ships no gpio-sim: it is built out of tree, with the interrupt simulator that it needs.
# Run inside a private mount namespace, so that no mount outlives it.
set -euo pipefail
root=$1 target=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/testbed/vm/layer.sh
. "$here/layer.sh"

# What the machine loads, early (to reach its disk) and later.
early=(virtio_blk ext4 crc32c_generic)
late=(snd-aloop gpio-sim autofs4 virtio_rng videodev evdev)

mount_layer "$root" "$target/work"
lend_system
if [ -f /etc/resolv.conf ]; then cp -L /etc/resolv.conf "$layer/etc/resolv.conf"; fi
# INITRD: our own initrd is forty lines and starts in a second, the usual one takes twenty under emulation.
inside apt-get -qq update
INITRD=No inside apt-get -qq -y --no-install-recommends install \
    linux-headers-amd64 linux-image-amd64 linux-source-6.12 make gcc kmod xz-utils busybox-static >/dev/null

# shellcheck disable=SC2016  # it is the shell inside that expands
inside bash -euc '
cd /root && mkdir kit && cd kit
tar xf /usr/src/linux-source-6.12.tar.xz --strip-components=1 --wildcards \
    "linux-source-6.12/drivers/gpio/*.[ch]" "linux-source-6.12/kernel/irq/irq_sim.c"
mkdir out && cp drivers/gpio/gpio-sim.c drivers/gpio/*.h kernel/irq/irq_sim.c out/
# irq_to_desc is not exported to modules: use the entry that is.
sed -i "s/handle_simple_irq(irq_to_desc(irqnum))/generic_handle_irq(irqnum)/" out/irq_sim.c
printf "#include <linux/module.h>\nMODULE_LICENSE(\"GPL\");\n" >> out/irq_sim.c
echo "obj-m := gpio-sim.o irq_sim.o" > out/Kbuild
version=$(ls /lib/modules)
make -s -C "/lib/modules/$version/build" M="$PWD/out" modules
install -D -m 644 -t "/lib/modules/$version/extra" out/gpio-sim.ko out/irq_sim.ko
depmod "$version"
'

version=$(ls "$layer/lib/modules")
files_of() {
    local name
    for name; do
        chroot "$layer" modprobe --set-version "$version" --show-depends "$name"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# Only what is loaded goes along; plain files, because the early system has no xz.
modules=$target/modules/$version
mkdir -p "$modules" "$target/early"
files_of "${early[@]}" "${late[@]}" | while read -r file; do
    name=${file##*/}
    case $file in
        *.xz) xz -dc "$layer$file" >"$modules/${name%.xz}" ;;
        *) cp "$layer$file" "$modules/$name" ;;
    esac
done
cp "$layer/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$modules/"

mkdir -p "$target/early"/{bin,dev,proc,sys,root}
cp "$layer/bin/busybox" "$target/early/bin/busybox"
install -m 755 "$here/guest/init" "$target/early/init"
number=10
files_of "${early[@]}" | while read -r file; do
    name=${file##*/}
    cp "$modules/${name%.xz}" "$target/early/$((number++))-${name%.xz}"
done
(cd "$target/early" && find . | "$layer/bin/busybox" cpio -o -H newc 2>/dev/null) >"$target/initrd"
cp "$layer/boot/vmlinuz-$version" "$target/vmlinuz"
rm -rf "$target/early"
drop_layer "$target/work"
