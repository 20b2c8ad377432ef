# Random reads of 4 KiB from the disk vda or quoin.disk=NAME, quoin.fio=DEPTH,COUNT of them; only in the
# bench root. Both are at the same blocks each time. Ends with the counter, and waits: whoever measures asks the monitor then.
words=$(sed -n 's/.*quoin.fio=\([^ ]*\).*/\1/p' /proc/cmdline)
depth=${words%,*}
count=${words#*,}
disk=$(sed -n 's/.*quoin.disk=\([^ ]*\).*/\1/p' /proc/cmdline)
disk=${disk:-vda}
echo none >/sys/block/$disk/queue/scheduler
fio --name=read --filename="/dev/$disk" --rw=randread --bs=4k --direct=1 --ioengine=libaio --iodepth="$depth" \
	--number_ios="$count" --io_size=$((count * 4))k --norandommap --randrepeat=1 --allrandrepeat=1 --gtod_cpu=0 \
	--disable_lat=1 --disable_clat=1 --disable_slat=1 --output-format=terse --thread >/tmp/fio || cat /tmp/fio
# An NVMe disk that could have more than one path counts where it has one: nvme0c0n1.
echo "QUOIN-FIO depth=$depth ios=$(cat /sys/block/$disk/stat /sys/block/nvme*c*/stat 2>/dev/null | awk '{ n += $1 } END { print n }') at=$(sed -n 's/^now at \([0-9]*\).*/\1/p' /proc/timer_list)"
sleep 1000
