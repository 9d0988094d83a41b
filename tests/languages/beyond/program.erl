%% SPDX-License-Identifier: BSD-2-Clause
%% program.erl - Erlang: ten thousand processes, tables, monitors, the collector,
%% regular expressions, files. Argument 1 is the size.
-module(program).
-export([main/1]).
fib(N) when N < 2 -> N; fib(N) -> fib(N-1) + fib(N-2).
ring(0, First) -> receive X -> First ! X + 1 end;
ring(N, First) -> Next = spawn(fun() -> ring(N-1, First) end), receive X -> Next ! X + 1 end.
main([A]) ->
  N = list_to_integer(A),
  io:format("fib ~p~n", [fib(20)]),
  Me = self(),
  P = spawn(fun() -> ring(10000, Me) end), P ! 0,
  receive V -> io:format("ring ~p~n", [V]) end,
  T = ets:new(t, [set, public]),
  [spawn_monitor(fun() -> [ets:update_counter(T, K rem 97, I, {K rem 97, 0}) || K <- lists:seq(1, N*10)] end) || I <- lists:seq(1, 20)],
  [receive {'DOWN', _, _, _, normal} -> ok end || _ <- lists:seq(1, 20)],
  io:format("ets ~p~n", [lists:sum([X || {_, X} <- ets:tab2list(T)])]),
  L = [{I, lists:duplicate(I rem 50, I)} || I <- lists:seq(1, N*1000)],
  erlang:garbage_collect(),
  io:format("list ~p~n", [length(L)]),
  ok = file:write_file("erl.data", [io_lib:format("line ~p~n", [I]) || I <- lists:seq(1, N*50)]),
  {ok, B} = file:read_file("erl.data"),
  {match, M} = re:run(B, "^line \\d*7$", [global, multiline]),
  io:format("lines ~p ~p~n", [length(M), erlang:crc32(B)]),
  ok = file:delete("erl.data"),
  io:format("~p~n", [element(1, catch list_to_integer("x"))]),
  {_, Ref} = spawn_monitor(fun() -> exit(boom) end),
  receive {'DOWN', Ref, _, _, Why} -> io:format("down ~p~n", [Why]) end,
  timer:sleep(10),
  io:format("~p~n", [calendar:gregorian_seconds_to_datetime(951782400 + 62167219200)]),
  halt(0).
