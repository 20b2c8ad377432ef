# SPDX-License-Identifier: Apache-2.0
"""ELF64 core files of guests: memory also at the addresses the guest's own page tables give it."""
import bisect
import collections
import mmap
import re
import struct

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
NOTE = struct.Struct("<III")
PT_LOAD, PT_NOTE = 1, 4
# struct core_sysregs of core/spec/dump.h
SYSREGS = ("sctlr tcr ttbr0 ttbr1 mair vbar esr far elr spsr sp_el0 sp_el1 tpidr_el0 tpidr_el1").split()
MAX_LOADS = 60000   # e_phnum has 16 bits
MAX_TABLES = 400000   # a guest's tables may lead anywhere, and round in circles
MAX_PAGES = 50000000

Load = collections.namedtuple("Load", "flags offset vaddr paddr size")


class Memory:
    """Pieces of guest memory in files: (address, size, file)."""

    def __init__(self, pieces):
        self.pieces = [(ipa, size, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))
                       for ipa, size, f in pieces]

    def read(self, ipa, size):
        for start, length, data in self.pieces:
            if start <= ipa and ipa + size <= start + length:
                return data[ipa - start:ipa - start + size]
        return None


def notes(data):
    """(name, type, where its contents are, contents) of each."""
    at = 0
    while at + NOTE.size <= len(data):
        namesz, descsz, kind = NOTE.unpack_from(data, at)
        at += NOTE.size
        name = data[at:at + namesz].rstrip(b"\0").decode(errors="replace")
        at += namesz + 3 & ~3
        yield name, kind, at, data[at:at + descsz]
        at += descsz + 3 & ~3


def vcpus(data):
    """The registers of each vCPU by name, in the order of the notes; x: where x0 is in the data."""
    found, at, x = [], 0, ()
    for name, kind, place, desc in notes(data):
        if (name, kind) == ("CORE", 1):
            at, x = place + 112, struct.unpack_from("<31Q", desc, 112)
        elif name == "Quoin" and kind == 1 and len(desc) == 8 * len(SYSREGS):
            found.append(dict(zip(SYSREGS, struct.unpack(f"<{len(SYSREGS)}Q", desc)), at=at, x=x))
    return found


def stage1(memory, regs, high):
    """Walk the tables of TTBR0_EL1, or of TTBR1_EL1 if `high`: (va, ipa, size), in no order.
    ARM ARM D8.2: VMSAv8-64, granules of 4, 16 and 64 KiB, 48-bit addresses."""
    tcr, ttbr = regs["tcr"], regs["ttbr1" if high else "ttbr0"]
    size_field, disabled, granule = (tcr >> 16 & 63, tcr >> 23 & 1, tcr >> 30 & 3) if high else \
        (tcr & 63, tcr >> 7 & 1, tcr >> 14 & 3)
    grain = ({1: 14, 2: 12, 3: 16} if high else {0: 12, 1: 16, 2: 14}).get(granule)
    if not regs["sctlr"] & 1 or disabled or grain is None or not 12 <= size_field <= 48:
        return
    va_bits, step = 64 - size_field, grain - 3
    levels = -(-(va_bits - grain) // step)
    first_bits = va_bits - grain - (levels - 1) * step
    address = ((1 << 48) - 1) & ~((1 << grain) - 1)
    root = ttbr & ((1 << 48) - 1) & ~((1 << max(first_bits + 3, 6)) - 1)
    visited = pages = 0
    # Tables still to be gone through: (table, entries, level from the bottom, first address)
    todo = [(root, 1 << first_bits, levels - 1, -(1 << va_bits) % (1 << 64) if high else 0)]
    while todo:
        table, entries, level, va = todo.pop()
        visited += 1
        data = memory.read(table, 8 * entries)
        if data is None or visited > MAX_TABLES:
            continue
        shift = grain + level * step
        below = []
        for i, entry in enumerate(struct.unpack(f"<{entries}Q", data)):
            if not entry & 1:
                continue
            pages += 1
            if pages > MAX_PAGES:
                return
            at = va + (i << shift)
            if level == 0:
                if entry & 2:
                    yield at, entry & address, 1 << shift
            elif entry & 2:
                below.append((entry & address, 1 << step, level - 1, at))
            else:
                yield at, entry & address & ~((1 << shift) - 1), 1 << shift
        todo += reversed(below)


def to_file(loads, ipa, size):
    """Where [ipa, ipa + size) lies in the file: (offset into the range, offset in the file, size)."""
    for p in loads:
        start, end = max(ipa, p.paddr), min(ipa + size, p.paddr + p.size)
        if start < end:
            yield start - ipa, p.offset + start - p.paddr, end - start, start


def virtual(memory, loads, cpus):
    """The memory once more, where the guest sees it; what comes first counts for a debugger."""
    done, found = set(), []
    for high in (True, False):
        for regs in cpus:
            key = (high, regs["tcr"], regs["ttbr1" if high else "ttbr0"])
            if key in done:
                continue
            done.add(key)
            last = None
            for va, ipa, size in sorted(stage1(memory, regs, high)):
                for skip, offset, n, start in to_file(loads, ipa, size):
                    at = va + skip
                    if last and last.vaddr + last.size == at and last.offset + last.size == offset:
                        last = last._replace(size=last.size + n)
                        found[-1] = last
                    else:
                        last = Load(7, offset, at, start, n)
                        found.append(last)
    if len(found) > MAX_LOADS:
        found = sorted(sorted(found, key=lambda p: -p.size)[:MAX_LOADS], key=lambda p: p.vaddr)
    return found


def plain(value, regs):
    """A pointer without its authentication code and tag: all bits above the address as bit 55."""
    if value >> 55 & 1:
        return value | (1 << 64) - (1 << 64 - (regs["tcr"] >> 16 & 63))
    return value & (1 << 64 - (regs["tcr"] & 63)) - 1


def unsigned(memory, loads, regs):
    """Return addresses that the guest has signed (FEAT_PAuth), with what they would be unsigned. gdb does
    not know the kernel's half of the addresses there. Along the frame records (AAPCS64 6.4.6): {offset in
    the file: value}, and the link register."""
    order = sorted(loads, key=lambda p: p.vaddr)
    starts = [p.vaddr for p in order]

    def find(va, size):
        p = order[max(bisect.bisect(starts, va) - 1, 0)] if order else None
        return p if p and p.vaddr <= va and va + size <= p.vaddr + p.size else None

    found, seen, at = {}, set(), regs["x"][29]
    while at and at % 8 == 0 and at not in seen and len(seen) < 1000:
        seen.add(at)
        p = find(at, 16)
        data = p and memory.read(p.paddr + at - p.vaddr, 16)
        if not data:
            break
        at_next, link = struct.unpack("<QQ", data)
        if plain(link, regs) != link and find(plain(link, regs), 4):
            found[p.offset + at - p.vaddr + 8] = plain(link, regs)
        at = at_next
    link = regs["x"][30]
    return found, plain(link, regs) if find(plain(link, regs), 4) else link


def note(name, kind, desc):
    name = name.encode() + b"\0"
    return NOTE.pack(len(name), len(desc), kind) + name + bytes(-len(name) % 4) + desc + \
        bytes(-len(desc) % 4)


def vmcoreinfo(memory):
    """What a Linux kernel says of itself for those who read its dumps, or None."""
    for _, _, data in memory.pieces:
        for m in re.finditer(rb"OSRELEASE=[^\0]{20,4000}?KERNELOFFSET=[0-9a-f]+\n[^\0]*", data):
            return m.group(0)
    return None


def write(out, header, pieces, raw=False):
    """A core file out of a dump's header and its memory: (file with it, ...). Returns the VMCOREINFO."""
    ehdr = list(EHDR.unpack_from(header))
    phdrs = [PHDR.unpack_from(header, ehdr[5] + i * PHDR.size) for i in range(ehdr[10])]
    text = next(header[p[2]:p[2] + p[5]] for p in phdrs if p[0] == PT_NOTE)
    loads = [Load(p[1], p[2], p[3], p[4], p[5]) for p in phdrs if p[0] == PT_LOAD]
    memory = Memory([(p.paddr, p.size, f) for p, f in zip(loads, pieces)])
    info = vmcoreinfo(memory)
    if info:
        text += note("VMCOREINFO", 0, info)
    cpus = vcpus(text)
    both = virtual(memory, loads, cpus) + loads
    changed = {}
    for regs in [] if raw else cpus:
        mapped = both if regs["sctlr"] & 1 else loads
        words, link = unsigned(memory, mapped, regs)
        changed.update(words)
        at = regs["at"] + 8 * 30
        text = text[:at] + struct.pack("<Q", link) + text[at + 8:]
    ehdr[10] = len(both) + 1
    notes_at = EHDR.size + ehdr[10] * PHDR.size
    # Memory begins on a page of its own, however long the headers have become.
    move = -(-(notes_at + len(text)) // 4096) * 4096 - loads[0].offset
    out.write(EHDR.pack(*ehdr))
    out.write(PHDR.pack(PT_NOTE, 0, notes_at, 0, 0, len(text), 0, 4))
    for p in both:
        out.write(PHDR.pack(PT_LOAD, p.flags, p.offset + move, p.vaddr, p.paddr, p.size, p.size, 1))
    out.write(text)
    for p, f in zip(loads, pieces):
        out.seek(p.offset + move)
        copy(f, out)
    out.truncate()
    for offset, value in changed.items():
        out.seek(offset + move)
        out.write(struct.pack("<Q", value))
    return info


def copy(f, out):
    """Without what is zero: the file has holes there."""
    f.seek(0)
    while True:
        block = f.read(1 << 20)
        if not block:
            return
        if block.count(0) == len(block):
            out.seek(len(block), 1)
        else:
            out.write(block)
