# Disk, network and console at once, for ever: /dev/vda is written and read, all that the peer sends is taken and
# sent back. quoin.io=N: this is station N of two.
me=1
for word in $(cat /proc/cmdline); do
	case $word in
	quoin.io=*) me=${word#quoin.io=} ;;
	esac
done
peer=$((3 - me))
echo "QUOIN-IO station=$me"
ip link set eth0 up
ip addr add 10.9.0.$me/24 dev eth0
while :; do
	dd if=/dev/zero of=/dev/vda bs=64k count=64 oflag=direct 2>/dev/null
	dd if=/dev/vda of=/dev/null bs=4k count=512 iflag=direct 2>/dev/null
done &
while :; do
	nc -l -p 5000 >/dev/null 2>&1 || sleep 1
done &
while :; do
	dd if=/dev/zero bs=64k count=256 2>/dev/null | nc -w 3 10.9.0.$peer 5000 >/dev/null 2>&1 || sleep 1
done &
while :; do
	ping -A -c 200 -s 1000 10.9.0.$peer >/dev/null 2>&1 || sleep 1
done &
n=0
while :; do
	n=$((n + 1))
	i=0
	while [ $i -lt 2000 ]; do
		i=$((i + 1))
	done
	read -r _ _ _ _ _ _ sectors _ </sys/block/vda/stat
	echo "io round $n: $sectors sectors written, $(cat /sys/class/net/eth0/statistics/rx_bytes) bytes received"
done
