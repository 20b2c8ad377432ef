# Wake-up latency in nanoseconds; only in the bench root.
line=$(cyclictest -N -q -p80 -i1000 -l3000 | grep '^T:')
echo "$line"
echo "$line" | sed 's/.*Min: *\([0-9]*\).*Avg: *\([0-9]*\).*Max: *\([0-9]*\).*/QUOIN-CYCLICTEST min=\1 avg=\2 max=\3/'
