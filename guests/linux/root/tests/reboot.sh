# Start the machine again. Nothing survives a restart, so this happens each time: whoever watches
# the console sees a second kernel start and ends the test there.
echo "QUOIN-REBOOT"
reboot -f
sleep 30
echo "QUOIN-REBOOT-FAILED still here"
exit 1
