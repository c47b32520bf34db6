# The first process of a container, which makes itself at home and then becomes the image's entry point.
# Runs in mount, PID and UTS namespaces of its own, so nothing that it mounts is seen outside.
# Usage: inside.sh ML HOSTS NAME ENVIRONMENT HIDDEN OFFLINE COMMAND...
#   ML becomes /opt/ml and HOSTS /etc/hosts; NAME is the host's; ENVIRONMENT is where it is, with what the job installs
#   gone afterwards; HIDDEN are folders, with a : between, that no real container would have.
set -e
ml=$1 hosts=$2 name=$3 environment=$4 hidden=$5 offline=$6
shift 6

hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname

# /mnt holds on to what would be hidden below, and is let go at the end.
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/opt /mnt/ml /mnt/environment /mnt/upper /mnt/work
mount --bind "$ml" /mnt/ml
cp "$hosts" /mnt/hosts
layer="lowerdir=$environment,upperdir=/mnt/upper,workdir=/mnt/work"
mount -t overlay -o "$layer" overlay /mnt/environment 2>/dev/null ||
    mount -t overlay -o "$layer,userxattr" overlay /mnt/environment 2>/dev/null ||
    { mount --bind "$environment" /mnt/environment && mount -o remount,bind,ro /mnt/environment; }

mount --rbind /opt /mnt/opt
mount -t tmpfs -o mode=755 tmpfs /opt
for entry in /mnt/opt/*; do
    [ -e "$entry" ] || continue
    own=/opt/${entry##*/}
    [ "$own" != /opt/ml ] || continue
    if [ -d "$entry" ]; then mkdir "$own"; else touch "$own"; fi
    mount --rbind "$entry" "$own"
done
mkdir /opt/ml
mount --bind /mnt/ml /opt/ml
mount --bind /mnt/hosts /etc/hosts

IFS=:
for folder in $hidden; do
    [ -d "$folder" ] || continue
    mount -t tmpfs -o mode=1777 tmpfs "$folder"
done
unset IFS
mkdir -p "$environment" "$HOME"
mount --bind /mnt/environment "$environment"
umount -l /mnt

if [ "$offline" = yes ]; then ip link set lo up 2>/dev/null || true; fi
cd /
exec "$@"
