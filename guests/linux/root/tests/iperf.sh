# TCP between two network cards; only in the net root. Words of the command line: quoin.ip=A/N;
# quoin.server=A of the other one, who has none is the server; quoin.bytes=N; quoin.other=A/N: of a second
# card, which is the server in a network namespace.
for word in $(cat /proc/cmdline); do
	case $word in
	quoin.ip=*) ip=${word#quoin.ip=} ;;
	quoin.server=*) server=${word#quoin.server=} ;;
	quoin.bytes=*) bytes=${word#quoin.bytes=} ;;
	quoin.other=*) other=${word#quoin.other=} ;;
	esac
done
ip addr add "$ip" dev eth0
ip link set eth0 up
if [ -z "$server" ]; then
	exec iperf3 -s -1
fi
if [ -n "$other" ]; then
	unshare -n sh -c "until ip addr add $other dev eth1 2>/dev/null; do sleep 0.1; done; ip link set eth1 up; iperf3 -s -1" &
	sleep 0.5
	ip link set eth1 netns $!
fi
until iperf3 -c "$server" -n "$bytes" -i 0 -J >/tmp/iperf; do
	sleep 0.2 # the server is not there yet
done
sed -n '/"end"/,$p' /tmp/iperf | tr -d '\n\t' |
	sed 's/.*"sum_\(received\)":[^}]*"\(bytes\)":[^0-9]*\([0-9]*\),[^}]*"\(bits_per_second\)":[^0-9]*\([0-9]*\).*/QUOIN-IPERF \1 \2=\3 \4=\5\n/'
