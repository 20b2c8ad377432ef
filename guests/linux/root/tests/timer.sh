# Sleeps end, on every CPU, and the clock moves by about as much.
cpus=$(grep -c ^processor /proc/cpuinfo)
i=0
while [ $i -lt "$cpus" ]; do
	before=$(sed 's/[. ].*//' /proc/uptime)
	taskset $(printf %x $((1 << i))) sleep 2
	after=$(sed 's/[. ].*//' /proc/uptime)
	moved=$((after - before))
	if [ $moved -lt 1 ] || [ $moved -gt 20 ]; then
		echo "QUOIN-TIMER-FAILED cpu$i: 2 s of sleep, clock moved ${moved} s"
		exit 1
	fi
	i=$((i + 1))
done
echo "QUOIN-TIMER-OK cpus=$cpus"
