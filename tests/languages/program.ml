(* SPDX-License-Identifier: BSD-2-Clause *)
(* program.ml - OCaml: threads, mutexes, conditions, events, the collector under
   pressure, exceptions, finalizers, files, strings, dates. Argument 1 is the
   size; "crash" jumps through a forged value, "error" raises. *)
exception Refused of int

let mix x =
  let x = x lxor (x lsr 15) in
  let x = x * 0x2c1b3c6d land 0xffffffff in
  x lxor (x lsr 12)

let threads size =
  let lock = Mutex.create () and filled = Condition.create () in
  let jobs = Queue.create () and sum = ref 0 and finished = ref 0 in
  let rec work () =
    Mutex.lock lock;
    while Queue.is_empty jobs do Condition.wait filled lock done;
    let job = Queue.pop jobs in
    Mutex.unlock lock;
    if job >= 0 then begin
      let r = mix job in
      Mutex.lock lock;
      sum := !sum + r;
      Mutex.unlock lock;
      if job mod 64 = 0 then Thread.yield ();
      work ()
    end
    else incr finished
  in
  let pool = List.init 6 (fun _ -> Thread.create work ()) in
  let give n =
    Mutex.lock lock;
    Queue.push n jobs;
    Condition.signal filled;
    Mutex.unlock lock
  in
  for i = 1 to size * 50 do give i done;
  List.iter (fun _ -> give (-1)) pool;
  List.iter Thread.join pool;
  Printf.printf "threads: %d %d\n" !sum !finished

let channels size =
  let numbers = Event.new_channel () and squares = Event.new_channel () in
  let stage () =
    for _ = 1 to size * 5 do
      let n = Event.sync (Event.receive numbers) in
      Event.sync (Event.send squares (n * n))
    done
  in
  let feed () = for i = 1 to size * 5 do Event.sync (Event.send numbers i) done in
  let a = Thread.create stage () and b = Thread.create feed () in
  let total = ref 0 in
  for _ = 1 to size * 5 do total := !total + Event.sync (Event.receive squares) done;
  Thread.join a;
  Thread.join b;
  Printf.printf "channels: %d\n" !total

type tree = Leaf | Node of tree * int * tree

let rec insert n = function
  | Leaf -> Node (Leaf, n, Leaf)
  | Node (l, m, r) as t ->
    if n < m then Node (insert n l, m, r)
    else if n > m then Node (l, m, insert n r)
    else t

let rec depth = function Leaf -> 0 | Node (l, _, r) -> 1 + max (depth l) (depth r)

let collector size =
  Gc.set { (Gc.get ()) with Gc.minor_heap_size = 32768; space_overhead = 40 };
  let gone = ref 0 and t = ref Leaf in
  for i = 1 to size * 100 do
    t := insert (mix i mod 10000) !t;
    let block = Bytes.make (1 + i mod 2000) 'x' in
    if i mod 10 = 0 then Gc.finalise (fun _ -> incr gone) block;
    if i mod (size * 25) = 0 then Gc.compact ()
  done;
  Gc.full_major ();
  let s = Gc.quick_stat () in
  Printf.printf "collector: depth %d, gone %b, ran %b\n" (depth !t)
    (!gone > size * 9) (s.Gc.minor_collections > 0 && s.Gc.compactions > 0)

let exceptions size =
  let rec down n = if n = 0 then raise (Refused n) else 1 + down (n - 1) in
  let caught = ref 0 in
  for i = 1 to size * 10 do
    try ignore (down (i mod 50)) with Refused 0 -> incr caught
  done;
  let deep = try ignore (Array.make 3 0).(size + 3); 0 with Invalid_argument _ -> 1 in
  Printf.printf "exceptions: %d %d\n" !caught deep

let files size =
  Unix.mkdir "ocaml.dir" 0o755;
  let out = open_out "ocaml.dir/lines" in
  for i = 1 to size * 50 do Printf.fprintf out "%d %s\n" (mix i mod 977) (String.make (i mod 5) 'x') done;
  close_out out;
  let table = Hashtbl.create 100 and input = open_in "ocaml.dir/lines" in
  (try
     while true do
       Scanf.sscanf (input_line input) "%d %s" (fun n s ->
         Hashtbl.replace table s (n + try Hashtbl.find table s with Not_found -> 0))
     done
   with End_of_file -> close_in input);
  let sums = List.sort compare (Hashtbl.fold (fun k v l -> (k, v) :: l) table []) in
  List.iter (fun (k, v) -> Printf.printf "%s:%d " k v) sums;
  let stat = Unix.stat "ocaml.dir/lines" in
  Printf.printf "in %d bytes, %b\n" stat.Unix.st_size (stat.Unix.st_kind = Unix.S_REG);
  Unix.unlink "ocaml.dir/lines";
  Unix.rmdir "ocaml.dir";
  let pattern = Str.regexp "\\([a-z]+\\) \\([a-z]+\\)" in
  print_endline (Str.global_replace pattern "\\2 \\1" "second first");
  (try ignore (Unix.stat "ocaml.dir") with
   | Unix.Unix_error (e, f, _) -> Printf.printf "%s: %s\n" f (Unix.error_message e))

let rest () =
  let heard = ref 0 in
  Sys.set_signal Sys.sigusr1 (Sys.Signal_handle (fun _ -> incr heard));
  Unix.kill (Unix.getpid ()) Sys.sigusr1;
  Thread.delay 0.01;
  let r, w = Unix.pipe () in
  let writer = Thread.create (fun () -> ignore (Unix.write_substring w (String.make 100000 'y') 0 100000); Unix.close w) () in
  let buffer = Bytes.create 4096 in
  let rec count n = match Unix.read r buffer 0 4096 with 0 -> n | k -> count (n + k) in
  Printf.printf "signals: %d, pipe: %d\n" !heard (count 0);
  Thread.join writer;
  let tm = Unix.gmtime 951782400. in
  Printf.printf "%04d-%02d-%02d %d %b %s\n" (tm.Unix.tm_year + 1900) (tm.Unix.tm_mon + 1)
    tm.Unix.tm_mday tm.Unix.tm_wday (Unix.gettimeofday () > 0.) (Digest.to_hex (Digest.string "samara"))

let () =
  match Sys.argv.(1) with
  | "crash" ->
    print_endline "about to crash";
    let f : int -> int = Obj.magic (ref 0) in
    print_int (f 1)
  | "error" -> raise (Refused 7)
  | n ->
    let size = int_of_string n in
    threads size;
    channels size;
    collector size;
    exceptions size;
    files size;
    rest ()
