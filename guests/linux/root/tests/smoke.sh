# The kernel is up, sees its CPUs and memory, and every CPU runs a process.
cpus=$(grep -c ^processor /proc/cpuinfo)
mem=$(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo)
i=0
while [ $i -lt "$cpus" ]; do
	taskset $(printf %x $((1 << i))) true || { echo "QUOIN-SMOKE-FAILED cpu$i"; exit 1; }
	i=$((i + 1))
done
echo "QUOIN-SMOKE-OK cpus=$cpus mem=${mem}kB"
