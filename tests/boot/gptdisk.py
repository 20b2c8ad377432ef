# SPDX-License-Identifier: Apache-2.0
"""Disk images with a GUID partition table (UEFI 2.10 5.3), and damage to them."""
import struct
import uuid
import zlib

LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
ENTRIES, ENTRY = 128, 128


def header(block, lba, other, blocks, entries_lba, entries):
    table = ENTRIES * ENTRY // block
    head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, lba, other, 2 + table,
                       blocks - 2 - table, uuid.UUID(int=1).bytes_le, entries_lba, ENTRIES, ENTRY,
                       zlib.crc32(entries))
    return (head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]).ljust(block, b"\0")


def tables(blocks, partitions, block=512):
    """(offset, bytes) of everything the table is made of; partitions: (first, last, uuid, label)."""
    entries = b"".join(LINUX.bytes_le + uuid.UUID(u).bytes_le + struct.pack("<QQQ", first, last, 0) +
                       label.encode("utf-16le").ljust(72, b"\0")
                       for first, last, u, label in partitions).ljust(ENTRIES * ENTRY, b"\0")
    table = ENTRIES * ENTRY // block
    mbr = bytearray(block)
    struct.pack_into("<B3sB3sII", mbr, 446, 0, b"\0\2\0", 0xee, b"\xff\xff\xff", 1,
                     min(blocks - 1, 0xffffffff))
    mbr[510:512] = b"\x55\xaa"
    return [(0, bytes(mbr)), (block, header(block, 1, blocks - 1, blocks, 2, entries)),
            (2 * block, entries), ((blocks - 1 - table) * block, entries),
            ((blocks - 1) * block, header(block, blocks - 1, 1, blocks, blocks - 1 - table, entries))]


def make(path, size, partitions, block=512, contents=()):
    """An image; contents: (offset, bytes) beside the table."""
    with open(path, "wb") as f:
        f.truncate(size)
        for at, data in [*tables(size // block, partitions, block), *contents]:
            f.seek(at)
            f.write(data)
    return path


def damage(path, at, data=b"\xff" * 16):
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(data)
