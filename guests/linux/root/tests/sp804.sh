# The kernel's driver of the SP804: its second timer tells the time, its first one wakes up CPUs whose own timer sleeps.
clocks=/sys/devices/system/clocksource/clocksource0
fail()
{
	echo "QUOIN-SP804-FAILED $*"
	exit 1
}
# sched_clock in microseconds: of the generic timer, whatever the clocksource.
generic()
{
	echo "quoin $1" >/dev/kmsg
	dmesg | sed -n "s/^\[ *\([0-9]*\)\.\([0-9]*\)\] quoin $1\$/\1\2/p" | tail -n 1
}
# The clocksource's time in units of 10 ms.
clock()
{
	sed 's/\([0-9]*\)\.\([0-9]*\) .*/\1\2/' /proc/uptime
}
grep -q arm,sp804 $clocks/available_clocksource || fail "not a clocksource"
echo arm,sp804 >$clocks/current_clocksource
[ "$(cat $clocks/current_clocksource)" = arm,sp804 ] || fail "not the clocksource"
before=$(clock)
generic_before=$(generic before)
sleep 3
moved=$(($(clock) - before))
generic_moved=$((($(generic after) - generic_before) / 10000))
difference=$((moved - generic_moved))
[ $moved -ge 300 ] && [ $difference -lt 20 ] && [ $difference -gt -20 ] ||
	fail "clock $moved, generic timer $generic_moved, in 10 ms"
[ "$(cat /sys/devices/system/clockevents/broadcast/current_device)" = arm,sp804 ] || fail "not the broadcast timer"
interrupts()
{
	sed -n 's/^ *[0-9]*: *\([0-9]*\) .* 34 Level *timer$/\1/p' /proc/interrupts
}
# Only with an idle state that stops the CPUs' timers: the device tree has none of its own.
if [ -e /sys/devices/system/cpu/cpu0/cpuidle/state1 ]; then
	before=$(interrupts)
	sleep 1
	[ "$(interrupts)" -gt "$before" ] || fail "no interrupts"
	echo "QUOIN-SP804-BROADCAST"
fi
echo "QUOIN-SP804-OK moved=$moved"
