// SPDX-License-Identifier: BSD-2-Clause
// Program.java - Java: threads and executors, the collector under pressure,
// compiled code, null pointers by the thousand, file channels and mappings,
// regular expressions, dates. Argument 1 is the size; "crash" writes through a
// null pointer in native code, "error" ends with an exception.
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

public class Program {
    static final ThreadLocal<Integer> local = ThreadLocal.withInitial(() -> 0);

    static void threads(int size) throws Exception {
        var pool = Executors.newFixedThreadPool(6);
        var table = new ConcurrentHashMap<Integer, Long>();
        var results = new ArrayList<Future<Integer>>();
        for (int t = 0; t < 12; t++) {
            int id = t;
            results.add(pool.submit(() -> {
                for (int i = 0; i < size * 20; i++)
                    table.merge(i % 97, (long) id, Long::sum);
                return id * id;
            }));
        }
        int squares = 0;
        for (var result : results)
            squares += result.get();
        pool.shutdown();
        boolean ended = pool.awaitTermination(60, TimeUnit.SECONDS);
        long sum = table.values().stream().mapToLong(Long::longValue).sum();
        System.out.println("threads: " + squares + " " + sum + " " + ended);
    }

    static void handOver(int size) throws Exception {
        var queue = new LinkedBlockingQueue<Integer>(4);
        var total = new AtomicLong();
        var consumer = new Thread(() -> {
            try {
                for (int n; (n = queue.take()) >= 0;)
                    total.addAndGet(n);
            } catch (InterruptedException e) {
                total.set(-1);
            }
        });
        consumer.start();
        for (int i = 0; i < size * 10; i++)
            queue.put(i);
        queue.put(-1);
        consumer.join();
        var sleeper = new Thread(() -> {
            try {
                Thread.sleep(60000);
            } catch (InterruptedException e) {
                total.incrementAndGet();
            }
        });
        sleeper.start();
        sleeper.interrupt();
        sleeper.join();
        System.out.println("handed over: " + total);
    }

    static void collector(int size) {
        var kept = new HashMap<Integer, byte[]>();
        long made = 0;
        for (int i = 0; i < size * 200; i++) {
            byte[] bytes = new byte[1000 + i % 5000];
            bytes[0] = (byte) i;
            made += bytes.length;
            kept.put(i % 500, bytes);
        }
        long alive = kept.values().stream().mapToLong(b -> b.length).sum();
        System.out.println("collector: " + made + " " + alive);
    }

    static int mix(int n) {
        int x = n;
        for (int i = 0; i < 50; i++) {
            x ^= x << 13;
            x ^= x >>> 17;
            x ^= x << 5;
        }
        return x;
    }

    static int depth(int n) {
        return depth(n + 1) + 1;
    }

    static void compiled(int size) {
        int sum = 0, nulls = 0, bounds = 0, deep = 0;
        int[] array = new int[16];
        String[] strings = new String[4];
        for (int i = 0; i < size * 1000; i++)
            sum += mix(i);
        for (int i = 0; i < size * 100; i++) {
            try {
                sum += strings[i % 4].length();
            } catch (NullPointerException e) {
                nulls++;
            }
            try {
                array[i % 32]++;
            } catch (ArrayIndexOutOfBoundsException e) {
                bounds++;
            }
        }
        for (int i = 0; i < 3; i++) {
            try {
                depth(0);
            } catch (StackOverflowError e) {
                deep++;
            }
        }
        System.out.println("compiled: " + sum + " " + nulls + " " + bounds
                + " " + deep);
    }

    static void files(int size) throws IOException {
        Path path = Path.of("java.data");
        try (var channel = FileChannel.open(path, StandardOpenOption.CREATE,
                StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
            for (int i = 0; i < size * 10; i++) {
                buffer.clear();
                while (buffer.hasRemaining())
                    buffer.putInt(mix(i));
                buffer.flip();
                channel.write(buffer);
            }
            MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE,
                    0, channel.size());
            map.put(0, (byte) 42);
            map.force();
            var crc = new CRC32();
            crc.update(map);
            channel.truncate(4096);
            buffer.clear();
            int got = channel.read(buffer, 0);
            System.out.println("channel: " + crc.getValue() + " " + got + " "
                    + buffer.get(0) + " " + Files.size(path));
        }
        Files.delete(path);
        String text = IntStream.range(0, size * 20)
                .mapToObj(i -> "key" + i + "=" + mix(i))
                .collect(Collectors.joining("\n"));
        Files.writeString(path, text);
        Pattern pattern = Pattern.compile("key(\\d*7)=(-?)(\\d+)");
        Map<String, Integer> signs = new TreeMap<>();
        for (String line : Files.readAllLines(path, StandardCharsets.UTF_8)) {
            Matcher m = pattern.matcher(line);
            if (m.matches())
                signs.merge(m.group(2), 1, Integer::sum);
        }
        Files.delete(path);
        System.out.println("text: " + signs + " " + Files.exists(path));
    }

    static void rest(int size) throws Exception {
        var barrier = new CyclicBarrier(3);
        var latch = new CountDownLatch(3);
        for (int i = 0; i < 3; i++)
            new Thread(() -> {
                try {
                    for (int k = 0; k < size; k++)
                        barrier.await();
                } catch (Exception e) {
                    System.out.println(e);
                }
                local.set(local.get() + 1);
                latch.countDown();
            }).start();
        latch.await();
        long parallel = IntStream.range(0, size * 1000).parallel()
                .filter(i -> i % 3 == 0).asLongStream().sum();
        System.out.println("rest: " + local.get() + " " + parallel + " "
                + LocalDate.of(2000, 2, 29).plusYears(1) + " "
                + Instant.ofEpochSecond(951782400)
                + " " + List.of(3, 1, 2).stream().sorted().toList());
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("crash")) {
            System.out.println("about to crash");
            var field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
            field.setAccessible(true);
            ((sun.misc.Unsafe) field.get(null)).putAddress(0, 1);
        }
        if (args[0].equals("error"))
            throw new IllegalStateException("as asked");
        int size = Integer.parseInt(args[0]);
        threads(size);
        handOver(size);
        collector(size);
        compiled(size);
        files(size);
        rest(size);
    }
}
