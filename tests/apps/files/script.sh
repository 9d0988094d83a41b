# A script of dash's builtins only: nothing here starts another program.
echo "$0 has $# arguments: $1, $2"
i=0
total=0
while [ "$i" -lt 1000 ]; do
    i=$((i + 1))
    [ $((i % 3)) -eq 0 ] && continue
    total=$((total + i * i))
done
echo "total $total"
while read -r name value; do
    printf '%s -> %s\n' "$name" "$((value * 2))"
done <table
f() {
    echo "f got $1"
    return 4
}
f "x y" || echo "status $?"
set -- c a b
for w; do
    case $w in
    a) echo first ;;
    [bc]) echo "other $w" ;;
    esac
done
path=/usr/lib/thing.tar.gz
echo "${path##*/} ${path%.*} ${path%%.*} ${#path} ${none:-default}"
echo one >new && echo two >>new
{ read -r x && read -r y; } <new
echo "$x $y"
cat() { while read -r l; do echo "| $l"; done; }
cat <<END
here $total
END
trap 'echo "end with $?"' EXIT
umask 022
umask
test -w new && echo writable
echo "to stderr" >&2
exit 5
