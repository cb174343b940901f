#!/bin/sh
# What a Pi's board would offer: a GPIO chip with a button and a light on it, and a sound card.
set -eu
modprobe gpio-sim
modprobe snd-aloop
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
chip=/sys/kernel/config/gpio-sim/board
mkdir -p "$chip/bank"
echo 54 >"$chip/bank/num_lines"
echo 1 >"$chip/live"
# The button connects its pin to ground: a finger pulls it down.
echo pull-up >/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio17/pull
# The rules of the device give both to their groups.
udevadm settle --timeout=30
