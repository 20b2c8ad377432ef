# Take CPU 1 down (PSCI CPU_OFF, AFFINITY_INFO) and up again (CPU_ON), several times.
online=/sys/devices/system/cpu/cpu1/online
[ -w $online ] || { echo "QUOIN-HOTPLUG-FAILED no cpu1"; exit 1; }
for round in 1 2 3 4 5; do
	echo 0 >$online || { echo "QUOIN-HOTPLUG-FAILED off in round $round"; exit 1; }
	[ "$(cat /sys/devices/system/cpu/online)" = 0 ] || [ "$(cat $online)" = 0 ] ||
		{ echo "QUOIN-HOTPLUG-FAILED still on in round $round"; exit 1; }
	echo 1 >$online || { echo "QUOIN-HOTPLUG-FAILED on in round $round"; exit 1; }
	taskset 2 true || { echo "QUOIN-HOTPLUG-FAILED cpu1 runs nothing in round $round"; exit 1; }
done
echo "QUOIN-HOTPLUG-OK rounds=5"
