<?php
// SPDX-License-Identifier: BSD-2-Clause
// program.php - PHP: objects and generators, fibers, the cycle collector, JSON,
// regular expressions, files, dates. Argument 1 is the size; "crash" recurses
// until the stack is gone, "error" throws.
declare(strict_types=1);

class Node
{
    public static int $gone = 0;
    public ?Node $other = null;
    public function __destruct() { self::$gone++; }
}

function collector(int $size): void
{
    for ($i = 0; $i < $size * 100; $i++) {
        $a = new Node();
        $b = new Node();
        $a->other = $b;
        $b->other = $a;
    }
    unset($a, $b);
    gc_collect_cycles();
    echo 'collector: ', Node::$gone, ' ', gc_status()['runs'] > 0 ? 'ran' : 'idle', "\n";
    $kept = [];
    for ($i = 0; $i < $size * 200; $i++)
        $kept[$i % 100] = str_repeat(chr(65 + $i % 26), 1 + $i % 3000);
    echo 'kept: ', md5(implode('', $kept)), "\n";
}

function numbers(int $n): Generator
{
    for ($i = 0; $i < $n; $i++)
        yield $i => $i * $i;
}

function generators(int $size): void
{
    $sum = 0;
    foreach (numbers($size * 100) as $k => $v)
        $sum += $v - $k;
    $fibers = [];
    for ($i = 0; $i < 50; $i++) {
        $fibers[$i] = new Fiber(function (int $n) {
            while (true)
                $n += Fiber::suspend($n);
        });
        $fibers[$i]->start($i);
    }
    $total = 0;
    for ($round = 0; $round < $size; $round++)
        foreach ($fibers as $fiber)
            $total += $fiber->resume(1);
    echo "generators: $sum $total\n";
}

function text(int $size): void
{
    $data = array_map(fn($i) => ['n' => $i, 'name' => "n$i", 'part' => $i / 4],
                      range(0, $size * 10));
    mkdir('php.dir');
    file_put_contents('php.dir/data.json', json_encode($data));
    $text = file_get_contents('php.dir/data.json');
    $back = json_decode($text, true, 16, JSON_THROW_ON_ERROR);
    preg_match_all('/"name":"n(?<n>\d*7)"/', $text, $found);
    echo 'text: ', count($back), ' ', count($found['n']), ' ', crc32($text), "\n";
    $f = fopen('php.dir/lines', 'w+');
    flock($f, LOCK_EX);
    for ($i = 0; $i < $size * 50; $i++)
        fputcsv($f, [$i, "a \"quoted\" $i", $i % 3 === 0 ? '' : 'x,y']);
    rewind($f);
    for ($rows = 0, $empty = 0; ($row = fgetcsv($f)) !== false; $rows++)
        $empty += $row[2] === '' ? 1 : 0;
    ftruncate($f, 100);
    fclose($f);
    clearstatcache();
    echo "rows: $rows $empty ", filesize('php.dir/lines'), ' ',
        implode(',', scandir('php.dir')), "\n";
    array_map('unlink', glob('php.dir/*'));
    rmdir('php.dir');
    echo 'gone: ', var_export(is_dir('php.dir'), true), "\n";
    try {
        json_decode('{"broken"', false, 16, JSON_THROW_ON_ERROR);
    } catch (JsonException $e) {
        echo 'caught: ', $e->getMessage(), "\n";
    }
}

function sorted(int $size): void
{
    mt_srand(7);
    $numbers = [];
    for ($i = 0; $i < $size * 200; $i++)
        $numbers[] = mt_rand(0, 1000000);
    usort($numbers, fn($a, $b) => $a <=> $b);
    $heap = new SplMinHeap();
    foreach (array_slice($numbers, 0, 1000) as $n)
        $heap->insert(-$n);
    echo 'sorted: ', $numbers[$size * 100], ' ', $heap->extract(), ' ',
        hash('sha256', serialize($numbers)), "\n";
}

function dates(): void
{
    $day = new DateTimeImmutable('2000-02-29', new DateTimeZone('UTC'));
    echo $day->add(new DateInterval('P1Y'))->format(DATE_ATOM), ' ',
        $day->modify('last day of this month')->format('l j'), ' ',
        (new DateTimeImmutable('2024-07-01 12:00', new DateTimeZone('Europe/Berlin')))
            ->format('c T'), ' ', hrtime(true) > 0 ? 'passes' : 'stands', "\n";
    usleep(1000);
    printf("%.6f %s %d\n", sqrt(2), bin2hex(pack('N', 258)), PHP_INT_MAX);
}

if ($argv[1] === 'crash') {
    echo "about to crash\n";
    $again = function () use (&$again) { return array_map($again, [1]); };
    $again();
}
if ($argv[1] === 'error')
    throw new DomainException('as asked');
$size = (int)$argv[1];
collector($size);
generators($size);
text($size);
sorted($size);
dates();
