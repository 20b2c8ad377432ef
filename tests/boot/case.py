# SPDX-License-Identifier: Apache-2.0
"""What a boot test is, and where its files are."""
import os

from machine import BUILD, Failure, Machine

GUESTS = os.environ.get("GUESTS_DIR", f"{BUILD}/guests")
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


def selftest_passes(m, least, seconds=120):
    """The self-test comes to its end without a failure, and was not a short one."""
    got = m.expect(r"^SELFTEST: (\d+) passed, (\d+) failed\n", seconds)
    if got.group(2) != "0" or int(got.group(1)) < least:
        raise Failure(got.group(0))


class Case:
    """A named test. `body(start)` gets a function that starts machines."""

    def __init__(self, name, images, body, needs=()):
        self.name, self.images, self.body, self.needs = name, images, body, needs

    def skip(self):
        for path, reason in self.needs:
            if not os.path.exists(path):
                return reason
        return None

    def run(self, machines):
        def start(*args, **kwargs):
            machines.append(Machine(*args, **kwargs))
            return machines[-1]
        self.body(start)
