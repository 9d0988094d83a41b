// SPDX-License-Identifier: BSD-2-Clause
//! channels.rs - Rust: std threads, scoped threads, channels, locks, thread
//! locals, panics that are caught, collections, files. Argument 1 is the size;
//! "crash" panics in a thread while panicking is fatal.
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{channel, sync_channel};
use std::sync::{Arc, Barrier, Condvar, Mutex, RwLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

thread_local!(static COUNT: Cell<u64> = Cell::new(0));

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
    x ^ (x >> 27)
}

/// A ring of threads, each passing numbers to the next.
fn pipeline(size: u64) {
    let (first, mut from) = sync_channel::<u64>(4);
    let mut stages = Vec::new();
    for stage in 0..8 {
        let (to, next) = sync_channel(4);
        stages.push(thread::spawn(move || {
            for n in from {
                COUNT.with(|c| c.set(c.get() + 1));
                if to.send(mix(n + stage)).is_err() {
                    break;
                }
            }
            COUNT.with(|c| c.get())
        }));
        from = next;
    }
    let feeder = thread::spawn(move || (0..size * 10).for_each(|n| first.send(n).unwrap()));
    let sum = from.iter().fold(0u64, |a, n| a.wrapping_add(n));
    feeder.join().unwrap();
    let passed: u64 = stages.into_iter().map(|s| s.join().unwrap()).sum();
    println!("pipeline: {} passed, sum {:x}", passed, sum);
}

fn many_senders(size: u64) {
    let (to, from) = channel();
    for who in 0..10u64 {
        let to = to.clone();
        thread::spawn(move || (0..size * 5).for_each(|n| to.send((who, n)).unwrap()));
    }
    drop(to);
    let mut last = BTreeMap::new();
    let mut ordered = true;
    for (who, n) in from {
        ordered &= last.insert(who, n).map_or(n == 0, |before| before + 1 == n);
    }
    println!("senders: {:?}, in order: {}", last, ordered);
}

fn locks(size: u64) {
    let table = RwLock::new(HashMap::new());
    let hits = AtomicU64::new(0);
    let barrier = Barrier::new(4);
    thread::scope(|s| {
        for t in 0..4u64 {
            let (table, hits, barrier) = (&table, &hits, &barrier);
            s.spawn(move || {
                barrier.wait();
                for i in 0..size * 10 {
                    *table.write().unwrap().entry(i % 100).or_insert(0u64) += t;
                    if table.read().unwrap().contains_key(&(i % 100)) {
                        hits.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let total: u64 = table.into_inner().unwrap().values().sum();
    println!("locks: {} {}", hits.into_inner(), total);
}

fn waits() {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let (lock, condition) = &*pair;
    let held = lock.lock().unwrap();
    let began = Instant::now();
    let (held, late) = condition.wait_timeout(held, Duration::from_millis(20)).unwrap();
    println!("wait: {} {} {}", *held, late.timed_out(), began.elapsed().as_millis() >= 20);
    println!("clock: {}", SystemTime::now() > SystemTime::UNIX_EPOCH);
}

fn panics(size: u64) {
    panic::set_hook(Box::new(|_| ()));
    let mut caught = 0;
    for i in 0..size {
        let result = panic::catch_unwind(|| {
            let v: Vec<u64> = (0..i % 7).collect();
            v[3]
        });
        caught += result.is_err() as u64;
    }
    let thread = thread::spawn(|| -> u64 { panic!("in a thread") });
    println!("panics: {} caught, thread {}", caught, thread.join().is_err());
    let _ = panic::take_hook();
}

fn text(size: u64) -> std::io::Result<()> {
    let mut words: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut f = fs::File::create("words.txt")?;
    for i in 0..size * 100 {
        writeln!(f, "{} {:?}", mix(i) % 977, format!("w{}", i % 13))?;
    }
    for line in BufReader::new(fs::File::open("words.txt")?).lines() {
        let line = line?;
        let (n, word) = line.split_once(' ').unwrap();
        words.entry(word.trim_matches('"').to_string()).or_default().push(n.parse().unwrap());
    }
    for (word, ns) in &words {
        print!("{}:{} ", word, ns.iter().sum::<u64>());
    }
    println!("in {} bytes", fs::metadata("words.txt")?.len());
    fs::remove_file("words.txt")?;
    println!("missing: {:?}", fs::read("words.txt").unwrap_err().kind());
    Ok(())
}

fn main() {
    let argument = std::env::args().nth(1).unwrap_or_default();
    if argument == "crash" {
        println!("about to crash");
        let thread = thread::Builder::new().name("unlucky".into());
        let join = thread.spawn(|| Vec::<u64>::new()[std::env::args().len()]);
        join.unwrap().join().unwrap_or_else(|_| std::process::abort());
    }
    let size: u64 = argument.parse().unwrap_or(1);
    pipeline(size);
    many_senders(size);
    locks(size);
    waits();
    panics(size);
    text(size).unwrap();
}
