#!/usr/bin/env bash
# Debian's Postfix and Exim, unpacked under .cache: beside the system, where nothing configures or starts them.
# With a name, postfix or exim, only that one.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing() { # missing PACKAGE... : the libraries that these need and the system lacks
  apt-cache depends --recurse -i "$@" | grep '^lib[^:]*$' | sort -u | while read -r library; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$library" 2>/dev/null)" = installed ] || echo "$library"
  done
}

unpack() { # unpack NAME PACKAGE... : these packages, and the libraries that are missing, into .cache/NAME
  local folder=".cache/$1" debs
  shift
  [ -e "$folder/.unpacked" ] && return
  command -v apt-get >/dev/null || { echo "$0: needs Debian's apt-get, to fetch $*" >&2; return 1; }
  rm -rf "$folder"
  mkdir -p "$folder"
  debs=$(mktemp -d)
  apt-cache show "$1" >/dev/null 2>&1 || apt-get update -qq
  # shellcheck disable=SC2046
  (cd "$debs" && apt-get download -qq -o APT::Sandbox::User=root "$@" $(missing "$@"))
  find "$debs" -name '*.deb' -exec dpkg-deb -x {} "$folder" \;
  rm -r "$debs"
  find "$folder" -perm /6000 -exec chmod u-s,g-s {} + # the loader keeps a test's libraries from such programs
  touch "$folder/.unpacked"
}

[ $# -gt 0 ] || set -- postfix exim
for name; do
  case "$name" in
    postfix) unpack postfix postfix ;;
    exim) unpack exim exim4-daemon-light libnss-wrapper ;;
    *) echo "$0: there is no $name here" >&2; exit 2 ;;
  esac
done
