# SPDX-License-Identifier: BSD-2-Clause
"""server.py - a small HTTP server of asyncio streams, port 8000.

GET /FILE from /srv/www, POST /echo, and /slow, which takes its time beside
others. Connections are kept.
"""
import asyncio
import signal


async def answer(writer, status, body):
    writer.write(b'HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n' %
                 (status, len(body)) + body)
    await writer.drain()


async def one(reader, writer):
    """One request; whether there may be another."""
    head = await reader.readuntil(b'\r\n\r\n')
    lines = head.decode('latin1').split('\r\n')
    method, path, _ = lines[0].split(' ')
    fields = dict(line.lower().split(': ', 1) for line in lines[1:] if line)
    body = await reader.readexactly(int(fields.get('content-length', 0)))
    if path == '/echo' and method == 'POST':
        await answer(writer, b'200 OK', body)
    elif path == '/slow':
        await asyncio.sleep(0.2)
        await answer(writer, b'200 OK', b'slow\n')
    else:
        name = 'index.html' if path == '/' else path.lstrip('/')
        try:
            with open('/srv/www/' + name, 'rb') as f:
                await answer(writer, b'200 OK', f.read())
        except FileNotFoundError:
            await answer(writer, b'404 Not Found', b'none\n')
    return fields.get('connection') != 'close'


async def serve(reader, writer):
    try:
        while await one(reader, writer):
            pass
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


async def main():
    end = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
    server = await asyncio.start_server(serve, None, 8000, backlog=256)
    async with server:
        await end.wait()


asyncio.run(main())
