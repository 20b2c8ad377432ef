# Pings to the user network's gateway, quoin.pings=N one after the other, and how many interrupts the card gave.
count=$(sed -n 's/.*quoin.pings=\([0-9]*\).*/\1/p' /proc/cmdline)
ip addr add 10.0.2.15/24 dev eth0
ip link set eth0 up
ping -A -q -c "$count" 10.0.2.2 >/tmp/ping
awk '/virtio.*-(in|out)put/ { n += $2 } END { print "QUOIN-IRQS", n }' /proc/interrupts >/tmp/irqs
echo "QUOIN-PING received=$(sed -n 's/.* \([0-9]*\) packets received.*/\1/p' /tmp/ping) irqs=$(cut -d ' ' -f 2 /tmp/irqs)"
