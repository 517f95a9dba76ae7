#!/usr/bin/env bash
# Fetches the built viewers of bundles.txt into a cache that clones share, each in a
# folder NAME-VERSION, and checks them against their pinned digests.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vitrine-test/viewers
mkdir -p "$cache"
while read -r name version integrity; do
  to=$cache/${name##*/}-$version
  [ -d "$to" ] && continue
  echo "installing: $name $version"
  work=$(mktemp -d "$cache/new.XXXXXX")
  tarball=$work/$(cd "$work" && npm pack "$name@$version" --silent)
  have=sha512-$(node -p 'require("crypto").createHash("sha512").update(require("fs").readFileSync(0)).digest("base64")' <"$tarball")
  if [ "$have" != "$integrity" ]; then echo "$name $version is not what was pinned: $have"; exit 1; fi
  tar -xzf "$tarball" -C "$work"
  mv -T "$work/package" "$to"
  rm -rf "$work"
done <"$(dirname "$0")/bundles.txt"
