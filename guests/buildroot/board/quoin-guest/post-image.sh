#!/bin/sh
# Buildroot calls this with its folder of images when they are made: hand over what a VM needs.
# QUOIN_GUEST_DIR comes from guests/buildroot/build; without it the files stay where they are.
set -eu

images=$1
out=${QUOIN_GUEST_DIR:-}
[ -n "$out" ] || exit 0
mkdir -p "$out"
for f in Image rootfs.cpio; do
	# Unchanged files keep their time.
	cmp -s "$images/$f" "$out/$f" || cp "$images/$f" "$out/$f.new"
	[ ! -e "$out/$f.new" ] || mv "$out/$f.new" "$out/$f"
done
