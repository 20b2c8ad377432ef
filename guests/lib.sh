# Sourced by the scripts that make guests of Debian's arm64 packages: fetching them into the cache and
# unpacking them. Nothing is installed and no root rights are needed. With the packages in the cache no
# network is needed.
. "$TOP/tools/setup/lib.sh"

DL=$QUOIN_CACHE/linux
APT=$QUOIN_CACHE/apt-arm64
KERNEL="linux-image-[0-9]*-cloud-arm64"
GENERIC="linux-image-[0-9]*[0-9]-arm64"		# with the drivers of real hardware
SOURCE="linux-source-[0-9]*"			# of the same kernels
CROSS=${CROSS_COMPILE:-aarch64-linux-gnu-}
mkdir -p "$DL"

# cached PACKAGE: the newest .deb in the cache whose name fits.
cached()
{
	ls "$DL"/$1_*_arm64.deb "$DL"/$1_*_all.deb 2>/dev/null | sort -V | tail -n 1
}

# lacking PACKAGE...: those the cache does not have.
lacking()
{
	for p; do
		[ -n "$(cached "$p")" ] || echo "$p"
	done
}

# fetch HINT PACKAGE...: what the cache lacks, by an apt of our own. HINT is what else helps.
fetch()
{
	hint=$1
	shift
	[ -n "$(lacking "$@")" ] || return 0
	code=$(debian_codename)
	[ -n "$code" ] || die "this is not Debian: put its arm64 packages ($(lacking "$@" | xargs)) into $DL by hand, or $hint"
	# Guests are made at the same time; the apt and the cache are for one at a time.
	exec 9>"$DL/.lock"
	flock 9
	fetch_locked $(lacking "$@")
	exec 9>&-
}

# Another may have fetched them all meanwhile.
fetch_locked()
{
	[ $# -ne 0 ] || return 0
	wanted=$*
	set -- "deb $code" "deb $code-updates"
	[ -z "$(archive_uri "$code-security")" ] || set -- "$@" "deb $code-security"
	apt_private "$APT" arm64 "$@"
	quietly "apt-get update (arm64)" apt_in "$APT" apt-get update
	names=
	for p in $wanted; do
		case $p in
		linux-image-*)
			# The name without a version leads to the package of the current one.
			meta=linux-image-arm64
			[ "$p" != "$KERNEL" ] || meta=linux-image-cloud-arm64
			p=$(apt_in "$APT" apt-cache depends $meta |
				sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
			[ -n "$p" ] || die "the archive has no $meta"
			;;
		linux-source-*)
			p=$(apt_in "$APT" apt-cache depends linux-source |
				sed -n 's/.*Depends: \(linux-source-[0-9].*\)/\1/p' | head -n 1)
			[ -n "$p" ] || die "the archive has no linux-source"
			;;
		esac
		names="$names $p"
	done
	say guest "fetching $(echo $names | wc -w) packages (arm64)"
	(cd "$DL" && quietly "download$names" env APT_CONFIG="$APT/apt.conf" apt-get download $names)
}

# unpack TO PACKAGE...
unpack()
{
	to=$1
	shift
	for p; do
		quietly "unpack $p" dpkg -x "$(cached "$p")" "$to"
	done
}

# replace FILE NEW: NEW becomes FILE, unless they are equal.
replace()
{
	cmp -s "$2" "$1" || cp "$2" "$1"
}
