// SPDX-License-Identifier: BSD-2-Clause
// hello.rs - collections, threads, files, panics caught, in Rust.
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::sync::{mpsc, Arc, Mutex};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    println!("hello from rust {:?}", args);
    let file = std::fs::File::open("words").expect("words");
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for line in BufReader::new(file).lines() {
        *count.entry(line.unwrap()).or_insert(0) += 1;
    }
    println!("{:?}", count);
    let total = Arc::new(Mutex::new(0u64));
    let (tx, rx) = mpsc::channel();
    let workers: Vec<_> = (0..4u64)
        .map(|i| {
            let (total, tx) = (Arc::clone(&total), tx.clone());
            std::thread::spawn(move || {
                for n in 0..1000 {
                    *total.lock().unwrap() += n * i;
                }
                tx.send(i).unwrap();
            })
        })
        .collect();
    drop(tx);
    for w in workers {
        w.join().unwrap();
    }
    let mut done: Vec<u64> = rx.iter().collect();
    done.sort();
    println!("{} {:?}", total.lock().unwrap(), done);
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| {
        let empty: Vec<i32> = Vec::new();
        empty[0]
    });
    println!("panic caught: {}", caught.is_err());
    let mut out = std::fs::File::create("rust.out").unwrap();
    writeln!(out, "written {}", 42).unwrap();
    println!("{:?}", std::fs::read_to_string("rust.out"));
    println!("{:?}", std::fs::read_to_string("missing").map_err(|e| e.kind()));
    std::process::exit(19);
}
