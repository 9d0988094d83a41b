# Regular expressions, sprintf, sort, hashes, references, files of Perl.
use strict;
use warnings;
use List::Util qw(sum max first reduce);
use Data::Dumper;
use POSIX qw(floor strftime);
use File::Temp ();
$Data::Dumper::Sortkeys = 1;
$Data::Dumper::Indent = 1;
print "arguments: @ARGV\n";
open(my $in, '<', 'table') or die "table: $!";
my %value;
while (my $line = <$in>) {
    chomp $line;
    $value{$1} = $2 if $line =~ /^(\w+)\s+(\d+)$/;
}
close $in;
for my $k (sort { $value{$a} <=> $value{$b} || $a cmp $b } keys %value) {
    printf "%-8s|%5d|%05.1f|%#x\n", $k, $value{$k}, $value{$k} / 3, $value{$k};
}
print "sum ", sum(values %value), " max ", max(values %value), "\n";
my $text = "The year 1999 and the year 2024, not 12.";
my @years = $text =~ /\b(\d{4})\b/g;
print "years @years\n";
(my $swapped = $text) =~ s/(\w+) (\w+)/$2 $1/g;
print "$swapped\n";
print join(",", map { $_ ** 2 } grep { $_ % 2 } 1 .. 15), "\n";
print "named: $+{word}\n" if "key=val" =~ /(?<word>\w+)=/;
my $nested = qr/\((?:[^()]++|(?R))*\)/;
print "balanced: $&\n" if "f(a(b)c)(d" =~ $nested;
my $data = {list => [1, [2, 3]], hash => {a => undef, b => "x'y"}};
print Dumper($data);
my $product = reduce { $a * $b } 1 .. 20;
print "20! = $product\n";
open(my $out, '>', 'perl.out') or die;
print {$out} "line $_\n" for 1 .. 500;
close $out;
open($in, '+<', 'perl.out') or die;
my @lines = <$in>;
print scalar(@lines), " lines, size ", -s 'perl.out', "\n";
seek($in, 0, 0);
read($in, my $buf, 6);
print "read: $buf";
close $in;
unlink 'perl.out';
print -e 'perl.out' ? "still there\n" : "gone\n";
print strftime("%Y-%m-%d", gmtime(1000000000)), " ", floor(-2.5), "\n";
my @sorted = sort { $a <=> $b } map { ($_ * 7919) % 1009 } 1 .. 1000;
print "@sorted[0..9] $#sorted\n";
print pack("N n C a4", 1, 2, 3, "abcd") =~ s/(.)/sprintf "%02x", ord $1/gesr,
    "\n";
local $@;
eval { die {code => 7} };
print "died with $@->{code}\n";
local $SIG{USR1} = sub { print "signal $_[0]\n" };
kill 'USR1', $$;
print sprintf("%s", 1e15 + 0.5), " ", 0.1 + 0.2, " ", 10 / 3, "\n";
warn "to stderr\n";
exit 13;
