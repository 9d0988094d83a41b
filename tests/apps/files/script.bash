# A script of bash's builtins only: nothing here starts another program.
set -u
echo "$0 has $# arguments: $*"
declare -A count=()
while read -r word; do
    count[$word]=$(( ${count[$word]:-0} + 1 ))
done <words
for key in one nine ten; do
    printf '%-6s %d\n' "$key" "${count[$key]}"
done
array=(5 3 9 1)
for ((i = 0; i < ${#array[@]}; i++)); do
    for ((j = i + 1; j < ${#array[@]}; j++)); do
        if ((array[j] < array[i])); then
            t=${array[i]} array[i]=${array[j]} array[j]=$t
        fi
    done
done
echo "sorted: ${array[*]}"
text="The quick brown fox"
echo "${text^^} ${text,,} ${#text} ${text:4:5} ${text//o/0} ${text%% *}"
[[ $text =~ (q[a-z]+)\ (b[a-z]+) ]] && echo "${BASH_REMATCH[@]:1}"
fib() {
    local a=0 b=1 n=$1
    while ((n-- > 0)); do
        echo -n "$a "
        ((b += a, a = b - a))
    done
    echo
}
fib 30
printf -v padded '%08.3f' 3.14159
echo "$padded"
echo written >out.txt
echo appended >>out.txt
mapfile -t lines <out.txt
echo "${#lines[@]} ${lines[1]}"
for f in tree/*.txt; do echo "file $f"; done
exec 5<>out.txt
read -r first <&5
echo "first: $first"
exec 5>&-
trap 'echo caught' USR1
kill -USR1 $$
cd tree && echo "${PWD##*/}"
getopts ab: option -b value && echo "$option $OPTARG"
echo "to stderr" >&2
exit 9
