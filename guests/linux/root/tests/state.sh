# Breakpoints, watchpoints, single steps, counters and their interrupt work on every CPU.
cpus=$(grep -c ^processor /proc/cpuinfo)
i=0
while [ $i -lt "$cpus" ]; do
	mask=$(printf %x $((1 << i)))
	taskset $mask debugger || exit 1
	taskset $mask counters || exit 1
	i=$((i + 1))
done
grep -i pmu /proc/interrupts || { echo "QUOIN-STATE-FAILED: no PMU interrupt"; exit 1; }
echo "QUOIN-STATE-OK cpus=$cpus"
