# SPDX-License-Identifier: BSD-2-Clause
# program.pl - Perl: interpreter threads with shared data, regular expressions,
# sorting, JSON, packing, files, signals, dates. Argument 1 is the size;
# "crash" is a signal to itself, "error" dies.
use strict;
use warnings;
use threads;
use threads::shared;
use Thread::Queue;
use Digest::SHA qw(sha256_hex);
use File::Temp qw(tempdir);
use JSON::PP;
use List::Util qw(sum first reduce);
use POSIX qw(strftime);
use Scalar::Util qw(weaken);
use Time::HiRes qw(usleep clock_gettime CLOCK_MONOTONIC);

$| = 1;

sub use_threads {
    my $size = shift;
    my $jobs = Thread::Queue->new;
    my %seen : shared;
    my @pool = map {
        threads->create(sub {
            my $count = 0;
            while (defined(my $job = $jobs->dequeue)) {
                lock(%seen);
                $seen{$job % 10} = ($seen{$job % 10} // 0) + $job;
                $count++;
            }
            return $count;
        });
    } 1 .. 3;
    $jobs->enqueue($_) for 1 .. $size * 5;
    $jobs->end;
    my $done = sum(map { $_->join } @pool);
    print "threads: $done ", join(',', map { "$_=$seen{$_}" } sort keys %seen), "\n";
}

package Node;
our $gone = 0;
sub new { my ($class, %more) = @_; return bless {%more}, $class }
sub DESTROY { $gone++ }

package main;

sub memory {
    my $size = shift;
    my %kept;
    for my $i (1 .. $size * 100) {
        my $parent = Node->new(text => 'x' x ($i % 300));
        my $child = Node->new(parent => $parent);
        weaken($child->{parent});
        $parent->{child} = $child;
        $kept{$i % 50} = $parent;
    }
    my $before = $Node::gone;
    %kept = ();
    print "memory: $before, then $Node::gone\n";
}

sub text {
    my $size = shift;
    my $dir = tempdir('perl-XXXX', CLEANUP => 1, DIR => '.');
    my @data = map { { n => $_, name => "n$_", part => $_ / 4 } } 0 .. $size * 2;
    my $json = JSON::PP->new->canonical;
    open(my $f, '>', "$dir/data.json") or die "data.json: $!";
    print $f $json->encode(\@data);
    close($f);
    open($f, '<', "$dir/data.json") or die "data.json: $!";
    my $text = do { local $/; <$f> };
    my $back = $json->decode($text);
    my @found = $text =~ /"name":"n(\d*7)"/g;
    print 'text: ', scalar(@$back), ' ', scalar(@found), ' ', sha256_hex($text), "\n";
    open($f, '+>', "$dir/lines") or die "lines: $!";
    printf $f "%05d %s\n", $_ * 7919 % 10007, 'abc' x ($_ % 4) for 1 .. $size * 50;
    seek($f, 0, 0);
    my @lines = sort { $b cmp $a } <$f>;
    my %lengths;
    $lengths{length $_}++ for @lines;
    print 'lines: ', scalar(@lines), ' ', $lines[0],
        join(' ', map { "$_:$lengths{$_}" } sort { $a <=> $b } keys %lengths), "\n";
    (my $turned = 'second first') =~ s/(?<a>\w+) (?<b>\w+)/$+{b} $+{a}/;
    my $nested = qr/(\((?:[^()]++|(?1))*\))/;
    print "$turned ", 'f(a(b)c)d)' =~ $nested ? $1 : 'none', "\n";
    open(my $none, '<', "$dir/none") or print "none: $!\n";
}

sub rest {
    my $heard = 0;
    local $SIG{USR1} = sub { $heard++ };
    kill 'USR1', $$ for 1 .. 10;
    local $SIG{ALRM} = sub { die "alarm\n" };
    eval { Time::HiRes::alarm(0.02); sleep 60; };
    print "signals: $heard $@";
    pipe(my $r, my $w) or die "pipe: $!";
    syswrite($w, pack('N*', 1 .. 100));
    sysread($r, my $packed, 400);
    print 'pipe: ', sum(unpack('N*', $packed)), "\n";
    my $was = clock_gettime(CLOCK_MONOTONIC);
    usleep(1000);
    print strftime('%A %d %B %Y', gmtime(951782400)), ' ',
        clock_gettime(CLOCK_MONOTONIC) > $was ? 'passes' : 'stands', "\n";
    printf "%.10f %s\n", atan2(1, 1) * 4, join ',', map { sprintf '%b', $_ } 1 .. 9;
}

if ($ARGV[0] eq 'crash') {
    print "about to crash\n";
    kill 'SEGV', $$;
    sleep 60;
}
die "as asked" if $ARGV[0] eq 'error';
my $size = $ARGV[0];
use_threads($size);
memory($size);
text($size);
rest();
