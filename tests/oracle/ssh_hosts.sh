#!/usr/bin/env bash
# ssh_hosts.sh FOLDER HOST... -- COMMAND...
#
# Runs COMMAND where hosts can be reached over SSH: each is a network namespace of this machine with its own name, machine id, address,
# sshd, and /home (FOLDER/HOST/home). FOLDER/hosts.ini tells Ansible about them. They can reach each other and nothing else. Nothing is left
# behind. The exit code is the command's; 77 where this system cannot have such hosts.
set -euo pipefail

folder=$1
shift
hosts=()
while [ "$1" != -- ]; do
  hosts+=("$1")
  shift
done
shift

sshd=$(command -v sshd || echo /usr/sbin/sshd)
[ "$(id -u)" = 0 ] || { echo "this needs root" >&2; exit 77; }
for program in ip unshare ssh ssh-keygen "$sshd"; do
  command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 77; }
done

# Names of namespaces are the machine's: two runs must not meet.
name=crxhound-$$
running=()
clean() {
  for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
  for host in "${hosts[@]}" hub; do ip netns del "$name-$host" 2>/dev/null || true; done
}
trap clean EXIT
if ! ip netns add "$name-hub"; then
  echo "no network namespaces here" >&2
  exit 77
fi
ip -n "$name-hub" link set lo up
ip -n "$name-hub" link add bridge type bridge
ip -n "$name-hub" addr add 10.99.0.1/24 dev bridge
ip -n "$name-hub" link set bridge up

# sshd wants the folder, whatever it is told of other places.
mkdir -p /run/sshd
for key in user host; do ssh-keygen -q -t ed25519 -N '' -f "$folder/$key.key"; done
options="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes"
address=10
{
  for host in "${hosts[@]}"; do
    address=$((address + 1))
    ip netns add "$name-$host"
    ip link add "to-$host" netns "$name-hub" type veth peer name eth0 netns "$name-$host"
    ip -n "$name-hub" link set "to-$host" master bridge up
    ip -n "$name-$host" addr add "10.99.0.$address/24" dev eth0
    ip -n "$name-$host" link set lo up
    ip -n "$name-$host" link set eth0 up
    # What tells a machine from others.
    echo "$host" >"$folder/$host/hostname"
    tr -d - </proc/sys/kernel/random/uuid >"$folder/$host/machine-id"
    # What is quoted is for the inner shell.
    # shellcheck disable=SC2016
    ip netns exec "$name-$host" unshare --mount --uts bash -c '
      hostname "$1" && mount --bind "$2/$1/home" /home || exit
      for file in hostname machine-id; do [ ! -e "/etc/$file" ] || mount --bind "$2/$1/$file" "/etc/$file" || exit; done
      exec "$3" -D -e -f /dev/null -o HostKey="$2/host.key" \
        -o AuthorizedKeysFile="$2/user.key.pub" -o StrictModes=no -o PidFile=none -o UsePAM=no -o PermitRootLogin=yes \
        -o "Subsystem=sftp internal-sftp"' _ "$host" "$folder" "$sshd" >"$folder/$host/sshd.log" 2>&1 </dev/null &
    running+=($!)
    echo "$host ansible_host=10.99.0.$address"
  done
  # A connection that is kept open would outlive the hosts, and lead the next run into them.
  printf '%s\n' '[all:vars]' ansible_user=root "ansible_ssh_private_key_file=$folder/user.key" \
    ansible_ssh_args='-o ControlMaster=no -o ControlPath=none' "ansible_ssh_common_args=$options" \
    ansible_python_interpreter=/usr/bin/python3
} >"$folder/hosts.ini"

for host in $(seq 11 "$address"); do
  for _ in $(seq 50); do
    # Words on purpose.
    # shellcheck disable=SC2086
    ip netns exec "$name-hub" ssh $options -i "$folder/user.key" "root@10.99.0.$host" true 2>/dev/null && break
    sleep 0.1
  done
done
ip netns exec "$name-hub" "$@"
