-- SPDX-License-Identifier: BSD-2-Clause
-- program.hs - Haskell, by GHC: threads of both kinds, transactions, the
-- collector, exceptions, files. Argument 1 is the size; "error" throws.
module Main where
import Control.Concurrent
import Control.Concurrent.STM
import Control.Exception
import Control.Monad
import qualified Data.Map.Strict as M
import System.Environment
import System.IO
import System.Directory
import System.Mem
import Data.IORef
main :: IO ()
main = do
  [a] <- getArgs
  when (a == "error") $ do { putStrLn "about to crash"; hFlush stdout; _ <- evaluate (M.fromList [(1::Int,'x')] M.! 2); return () }
  let n = read a :: Int
  vars <- forM [1..1000] $ \i -> do { v <- newEmptyMVar; _ <- forkIO (putMVar v $! sum [1..i+n]); return v }
  xs <- mapM takeMVar vars
  print ("threads", sum xs)
  t <- newTVarIO (0::Int)
  ds <- forM [1..8] $ \i -> do { d <- newEmptyMVar; _ <- forkOS (replicateM_ (n*10) (atomically (modifyTVar' t (+i))) >> putMVar d ()); return d }
  mapM_ takeMVar ds
  readTVarIO t >>= \x -> print ("stm", x)
  let m = foldr (\i -> M.insertWith (+) (i*7919 `mod` 1009) i) M.empty [1..n*1000]
  performGC
  print ("map", M.size m, M.foldl' (+) 0 m)
  writeFile "hs.data" (unlines ["line " ++ show i | i <- [1..n*50]])
  s <- readFile "hs.data"
  print ("lines", length (filter ((=='7').last) (lines s)))
  removeFile "hs.data"
  r <- try (evaluate (1 `div` (0::Int))) :: IO (Either ArithException Int)
  print r
  threadDelay 1000
  r2 <- try (readFile "missing") :: IO (Either IOException String)
  print r2
