# SPDX-License-Identifier: BSD-2-Clause
"""coroutines.py - tasks, time limits, queues, readers and threads of asyncio.

Apart from big.py, since an event loop needs a pair of sockets.
"""
import asyncio
import os


def show(name, *values):
    """One line of output."""
    print('  %-22s' % name, *values)


def coroutines():
    async def child(name, log, naps):
        for i in range(naps):
            await asyncio.sleep(0)
            log.append('%s%d' % (name, i))
        return name * naps

    async def failing():
        await asyncio.sleep(0.001)
        raise ValueError('from a task')

    async def ticker(limit):
        for i in range(limit):
            await asyncio.sleep(0)
            yield i

    async def main():
        log = []
        names = await asyncio.gather(*(child(c, log, n + 1)
                                       for n, c in enumerate('abc')))
        show('gathered', names, log)
        results = await asyncio.gather(failing(), child('x', log, 1),
                                       return_exceptions=True)
        show('with errors', [str(r) for r in results])
        show('ticks', [i async for i in ticker(5) if i % 2])
        try:
            await asyncio.wait_for(asyncio.sleep(30), 0.01)
        except asyncio.TimeoutError:
            show('timeout', True)
        task = asyncio.create_task(asyncio.sleep(30))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            show('cancelled', task.cancelled())
        channel, received = asyncio.Queue(2), []

        async def produce():
            for i in range(10):
                await channel.put(i)
            await channel.put(None)

        async def consume():
            while (item := await channel.get()) is not None:
                received.append(item)

        async with asyncio.TaskGroup() as group:
            group.create_task(produce())
            group.create_task(consume())
        show('channel', received)
        loop = asyncio.get_running_loop()
        show('executor', await loop.run_in_executor(None, sum, range(1000)))
        r, w = os.pipe()
        ready = loop.create_future()
        loop.add_reader(r, lambda: ready.set_result(os.read(r, 10)))
        os.write(w, b'event')
        show('reader', await ready)
        loop.remove_reader(r)
        os.close(r)
        os.close(w)

    asyncio.run(main())


coroutines()
