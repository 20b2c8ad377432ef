# Sourced by the set-up scripts: messages, root rights, versions, and a private apt state.
# The address of the package archive is never written down here: it is taken from the machine's
# own apt configuration.

set -eu

TOP=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${BUILD:-$TOP/build}
QUOIN_CACHE=${QUOIN_CACHE:-$BUILD/dl}
mkdir -p "$BUILD" "$QUOIN_CACHE"
BUILD=$(cd "$BUILD" && pwd)
QUOIN_CACHE=$(cd "$QUOIN_CACHE" && pwd)
LOG=$BUILD/setup.log
PATH=$PATH:/usr/sbin:/sbin

say()
{
	printf '  %-8s %s\n' "$1" "$2"
}

die()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# quietly WHAT COMMAND...: run with the output in the log, show its end if it fails.
quietly()
{
	what=$1
	shift
	printf '\n### %s: %s\n' "$what" "$*" >>"$LOG"
	mark=$(wc -l <"$LOG")
	if ! "$@" >>"$LOG" 2>&1 </dev/null; then
		tail -n +"$mark" "$LOG" | tail -n 25 >&2
		die "$what failed, see $LOG"
	fi
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# version_ge A B: is version A at least B?
version_ge()
{
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# The release's code name on Debian itself; empty elsewhere.
debian_codename()
{
	[ -r /etc/os-release ] || return 0
	(. /etc/os-release && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || true
}

# The archive the machine takes its release from, as apt itself understands its configuration.
archive_uri()
{
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
		awk -v r="$1" '$2 == r { sub("/*$", "", $1); print $1; exit }'
}

archive_keyring()
{
	for k in /usr/share/keyrings/debian-archive-keyring.gpg \
		/usr/share/keyrings/debian-archive-keyring.pgp; do
		if [ -r "$k" ]; then
			echo "$k"
			return
		fi
	done
}

# apt_private DIR ARCH LINE...: an apt configuration in DIR that shares nothing with the system's
# but its proxy settings. Each LINE is "deb SUITE" or "deb-src SUITE"; a suite that the machine does
# not have itself comes from where its release comes from. Use it by `apt_in DIR COMMAND...`.
apt_private()
{
	dir=$1
	arch=$2
	shift 2
	code=$(debian_codename)
	base=$(archive_uri "$code")
	key=$(archive_keyring)
	[ -n "$base" ] || die "apt knows no archive for Debian '$code'; add one and run this again"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/parts"
	: >"$dir/status"
	: >"$dir/sources.list"
	for line; do
		uri=$(archive_uri "${line#* }")
		echo "${line%% *} ${key:+[signed-by=$key]} ${uri:-$base} ${line#* } main" \
			>>"$dir/sources.list"
	done
	cat >"$dir/apt.conf" <<EOF
APT::Architecture "$arch";
#clear APT::Architectures;
APT::Architectures { "$arch"; };
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Dir::State::status "$dir/status";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/parts";
Dir::Etc::preferencesparts "$dir/parts";
EOF
}

apt_in()
{
	dir=$1
	shift
	(cd "$dir" && APT_CONFIG="$dir/apt.conf" "$@")
}
