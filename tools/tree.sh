# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tools/sid-tree and tools/bookworm-tree: a tree is kept for as long as it has every package that its list names, so a
# list that has grown is never used with an old tree. What is installed is known by dpkg's own database in the tree.

# missing_packages TREE PACKAGE...: prints those that are not installed in it.
missing_packages() {
	local admin=$1/var/lib/dpkg
	shift
	comm -13 <(dpkg-query --admindir="$admin" -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p' | sort -u) \
		<(printf '%s\n' "$@" | sort -u)
}

# one_at_a_time TREE HAVE MAKE: runs MAKE, unless another process has made HAVE true while we waited for it.
one_at_a_time() {
	mkdir -p "$(dirname "$1")"
	exec {lock}<"$(dirname "$1")"
	flock "$lock"
	"$2" || "$3"
	"$2" || { echo "${0##*/}: the tree that was made lacks packages of its list" >&2; return 1; }
	exec {lock}<&-
}

# A machine of tools/in-tree that runs has the tree in its mounts, by this name even when it is renamed.
is_mounted() {
	grep -qsF "$1" /proc/[0-9]*/mountinfo
}

# put_tree NEW TREE: NEW is TREE from now on. The one before is removed when no machine that runs is made of it, which may
# be at the next time.
put_tree() {
	[ ! -e "$2" ] || mv -T "$2" "$2.old.$$"
	mv -T "$1" "$2"
	is_mounted "$2" || rm -rf --one-file-system "$2".old.*
}
