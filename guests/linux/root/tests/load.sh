# Keep every CPU busy for ever: copying, short processes, wake-ups from one CPU to another, a line now and then.
cpus=$(grep -c ^processor /proc/cpuinfo)
echo "QUOIN-LOAD cpus=$cpus"
i=0
while [ $i -lt "$cpus" ]; do
	here=$(printf %x $((1 << i)))
	there=$(printf %x $((1 << (i + 1) % cpus)))
	while :; do
		taskset $here dd if=/dev/zero of=/dev/null bs=64k count=500 2>/dev/null
	done &
	while :; do
		taskset $here dd if=/dev/zero bs=512 count=300 2>/dev/null | taskset $there cat >/dev/null
	done &
	i=$((i + 1))
done
n=0
while :; do
	n=$((n + 1))
	i=0
	while [ $i -lt 500 ]; do
		i=$((i + 1))
	done
	true | true
	echo "load round $n"
done
