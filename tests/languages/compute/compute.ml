(* SPDX-License-Identifier: BSD-2-Clause *)
(* compute.ml - primes below 500,000, size times, then a product of
   matrices: what each language computes, to compare guest and host. *)
let () =
  let n = 500000 and count = ref 0 in
  for _ = 1 to int_of_string Sys.argv.(1) do
    let sieve = Bytes.make n '\000' in
    for i = 2 to n - 1 do
      if Bytes.get sieve i = '\000' then begin
        incr count;
        let k = ref (i * 2) in
        while !k < n do
          Bytes.set sieve !k '\001';
          k := !k + i
        done
      end
    done
  done;
  let m = 400 in
  let a = Array.init m (fun i -> Array.init m (fun j -> float (i * j mod 7) +. 0.5)) in
  let total = ref 0. in
  for i = 0 to m - 1 do
    for j = 0 to m - 1 do
      for k = 0 to m - 1 do total := !total +. (a.(i).(k) *. a.(k).(j)) done
    done
  done;
  Printf.printf "%d %f\n" !count !total
