// SPDX-License-Identifier: BSD-2-Clause
// program.js - Node.js: worker threads with shared memory, fs promises and
// streams, timers, the collector, JSON, regular expressions, crypto, zlib.
// Argument 1 is the size; "crash" calls process.abort, "error" throws.
'use strict';
const { Worker, isMainThread, parentPort, workerData, MessageChannel } =
  require('worker_threads');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const { promisify } = require('util');
const { once } = require('events');
const readline = require('readline');

if (!isMainThread) {
  const shared = new Int32Array(workerData.memory);
  for (let i = 0; i < workerData.size * 100; i++) Atomics.add(shared, 0, 1);
  if (workerData.fails) throw new RangeError('a worker gives up');
  parentPort.on('message', (n) => {
    if (n < 0) return parentPort.close();
    parentPort.postMessage({ n, square: n * n, from: workerData.id });
  });
  Atomics.wait(shared, 1, 0);
  return;
}

async function workers(size) {
  const memory = new SharedArrayBuffer(8);
  const shared = new Int32Array(memory);
  const pool = [];
  let sum = 0;
  for (let id = 0; id < 3; id++) {
    pool.push(new Worker(__filename, { workerData: { id, memory, size } }));
  }
  const failing = new Worker(__filename,
    { workerData: { id: 3, memory, size, fails: true } });
  const [error] = await once(failing, 'error');
  console.log('worker:', error.name, error.message);
  Atomics.store(shared, 1, 1);
  Atomics.notify(shared, 1);
  const replies = pool.map((worker) => new Promise((resolve) => {
    let left = size;
    worker.on('message', (m) => { sum += m.square; if (--left === 0) resolve(); });
    for (let n = 0; n < size; n++) worker.postMessage(n);
  }));
  await Promise.all(replies);
  pool.forEach((worker) => worker.postMessage(-1));
  const codes = await Promise.all(pool.map((w) => once(w, 'exit')));
  console.log('workers:', sum, shared[0], codes.flat().join());
}

async function files(size) {
  const dir = await fs.promises.mkdtemp('./node-');
  await Promise.all([...Array(size).keys()].map((n) =>
    fs.promises.writeFile(path.join(dir, 'f' + n),
      JSON.stringify({ n, text: 'x'.repeat(n % 50) }))));
  const names = (await fs.promises.readdir(dir)).sort();
  let total = 0, matched = 0;
  for (const name of names) {
    const text = await fs.promises.readFile(path.join(dir, name), 'utf8');
    total += JSON.parse(text).n;
    matched += /"n":(?<n>\d*[37]),"text":"(x{5,})"/.test(text) ? 1 : 0;
  }
  const big = path.join(dir, 'big');
  const out = fs.createWriteStream(big);
  for (let i = 0; i < size * 50; i++) {
    if (!out.write(`line ${i}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  let lines = 0;
  for await (const line of readline.createInterface(
    { input: fs.createReadStream(big) })) lines += line.startsWith('line');
  const handle = await fs.promises.open(big, 'r+');
  const { size: length } = await handle.stat();
  await handle.truncate(10);
  await handle.close();
  console.log('files:', names.length, total, matched, lines, length,
    fs.readFileSync(big).length);
  await fs.promises.rm(dir, { recursive: true });
  await fs.promises.access(dir).catch((e) => console.log('gone:', e.code));
}

async function pool(size) {
  const data = Buffer.alloc(size * 1000, 'samara ');
  const packed = await promisify(zlib.gzip)(data);
  const back = await promisify(zlib.gunzip)(packed);
  const keys = await Promise.all([1, 2, 3, 4].map((n) =>
    promisify(crypto.pbkdf2)('p' + n, 'salt', size, 8, 'sha256')));
  console.log('pool:', back.equals(data), keys.map((k) => k.toString('hex')).join());
  console.log(crypto.createHash('sha256').update(data).digest('hex').slice(0, 16),
    crypto.randomBytes(8).length);
}

function collector(size) {
  const kept = new Map();
  let seen = 0;
  for (let i = 0; i < size * 400; i++) {
    const made = { i, list: new Array(50).fill(i), text: 'text ' + i };
    if (i % 100 === 0) kept.set(i, made);
    seen += made.list.length;
  }
  const buffers = [];
  for (let i = 0; i < size; i++) buffers[i % 4] = Buffer.alloc(100000, i);
  console.log('collector:', kept.size, seen, buffers.length,
    process.memoryUsage().heapUsed > 0);
}

function sieve(n) {
  const composite = new Uint8Array(n);
  let count = 0;
  for (let i = 2; i < n; i++) {
    if (composite[i]) continue;
    count++;
    for (let k = 2 * i; k < n; k += i) composite[k] = 1;
  }
  return count;
}

async function timers() {
  const order = [];
  setImmediate(() => order.push('immediate'));
  process.nextTick(() => order.push('tick'));
  queueMicrotask(() => order.push('microtask'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const { port1, port2 } = new MessageChannel();
  port1.postMessage('through a port');
  const data = await new Promise((resolve) => port2.once('message', resolve));
  port1.close();
  const [signal] = await new Promise((resolve) => {
    process.once('SIGUSR2', (...a) => resolve(a));
    process.kill(process.pid, 'SIGUSR2');
  });
  console.log('timers:', order.join(), data, signal);
  console.log(new Date(951782400000).toISOString(),
    new Intl.NumberFormat('en').format(1234567.891));
}

async function main() {
  const argument = process.argv[2];
  if (argument === 'crash') {
    console.log('about to crash');
    process.abort();
  }
  if (argument === 'error') null.length;
  const size = Number(argument);
  await workers(size);
  await files(size);
  await pool(size);
  collector(size);
  console.log('primes:', sieve(size * 10000));
  await timers();
}

main();
