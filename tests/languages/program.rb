# SPDX-License-Identifier: BSD-2-Clause
# program.rb - Ruby: threads, fibers, the collector, JSON, regular expressions,
# files. Argument 1 is the size; "crash" is a signal to itself, which Ruby reports,
# "error" raises.
require 'digest'
require 'json'
require 'monitor'
require 'set'
require 'stringio'
require 'tempfile'
require 'time'
require 'timeout'
require 'zlib'

$stdout.sync = true

def threads(size)
  jobs, results = SizedQueue.new(8), Queue.new
  pool = 6.times.map do
    Thread.new do
      while (job = jobs.pop)
        results << Zlib.crc32(job.to_s)
      end
      Thread.current[:done] = true
    end
  end
  (size * 20).times { |i| jobs << i }
  pool.each { jobs << nil }
  pool.each(&:join)
  sum = 0
  sum += results.pop until results.empty?
  puts "threads: #{sum} #{pool.count { |t| t[:done] }}"
  failing = Thread.new { Thread.current.report_on_exception = false; raise 'in a thread' }
  begin
    failing.join
  rescue RuntimeError => e
    puts "caught: #{e.message}"
  end
  begin
    Timeout.timeout(0.02) { sleep }
  rescue Timeout::Error
    puts 'timed out'
  end
end

def fibers(size)
  numbers = Fiber.new { (0..).each { |n| Fiber.yield n * n } }
  sum = 0
  (size * 10).times { sum += numbers.resume }
  lazy = (1..Float::INFINITY).lazy.select { |n| n % 7 == 3 }.map { |n| n * 2 }.first(size)
  puts "fibers: #{sum} #{lazy.sum} #{200.times.map { |i| Fiber.new { i } }.sum(&:resume)}"
end

def collector(size)
  before = GC.count
  kept = {}
  (size * 400).times do |i|
    kept[i % 100] = { id: i, list: Array.new(20) { |k| "s#{k}" }, text: 'x' * (i % 500) }
  end
  GC.start
  GC.compact if GC.respond_to?(:compact)
  puts "collector: #{kept.size} #{kept.values.sum { |v| v[:text].size }} #{GC.count > before}"
end

def text(size)
  data = (size * 10).times.map { |i| { 'n' => i, 'name' => "n#{i}", 'parts' => [i / 4.0, nil, i.even?] } }
  Dir.mkdir('ruby.dir')
  File.write('ruby.dir/data.json', JSON.generate(data))
  back = JSON.parse(File.read('ruby.dir/data.json'))
  found = File.read('ruby.dir/data.json').scan(/"name":"n(?<n>\d*7)"/).flatten
  puts "text: #{back == data} #{found.size} #{found.last} #{File.size('ruby.dir/data.json')}"
  puts Dir.children('ruby.dir').inspect
  File.open('ruby.dir/lines', 'w+') do |f|
    (size * 50).times { |i| f.puts "line #{i}" }
    f.flock(File::LOCK_EX)
    f.rewind
    puts "lines: #{f.each_line.count { |l| l =~ /\d3$/ }}"
  end
  File.delete('ruby.dir/data.json', 'ruby.dir/lines')
  Dir.rmdir('ruby.dir')
  puts "gone: #{File.exist?('ruby.dir')}"
end

def rest
  r, w = IO.pipe
  writer = Thread.new { 1000.times { |i| w.puts i }; w.close }
  puts "pipe: #{r.each_line.sum(&:to_i)}"
  writer.join
  heard = Queue.new
  trap('USR1') { heard << :usr1 }
  Process.kill('USR1', Process.pid)
  puts "signal: #{heard.pop}"
  puts Time.at(951_782_400).utc.iso8601, (2**200).to_s, Digest::SHA256.hexdigest('samara')[0, 16]
  puts Process.clock_gettime(Process::CLOCK_MONOTONIC).positive?
  puts format('%.6f %s', Math.sqrt(2), %w[b a c].sort.inspect)
end

if ARGV[0] == 'crash'
  puts 'about to crash'
  Process.kill('SEGV', Process.pid)
  sleep
end
raise ArgumentError, 'as asked' if ARGV[0] == 'error'

size = Integer(ARGV[0])
threads(size)
fibers(size)
collector(size)
text(size)
rest
