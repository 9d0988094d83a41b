# SPDX-License-Identifier: BSD-2-Clause
"""libraries.py - requests and aiohttp, as Debian has them."""
import asyncio
import hashlib

import aiohttp
import requests

BASE = 'http://samara.test'
TLS = '/srv/tls/cert.pem'
MANY = 100


def digest(data):
    return len(data), hashlib.sha256(data).hexdigest()[:16]


def with_requests():
    with requests.Session() as s:
        for path in ('/', '/random', '/moved', '/none'):
            a = s.get(BASE + path, timeout=60)
            print(path, a.status_code, len(a.history), digest(a.content))
        s.get(BASE + '/cookie')
        print(s.get(BASE + '/cookie').text)
        print(s.get('https://samara.test/text.txt', verify=TLS).status_code)
        print(s.put(BASE + '/upload/by-requests', b'z' * 5000000).status_code)
    for url in ('https://samara.test/', BASE + ':7/', BASE + ':9/',
                'http://none.samara.test/', BASE + '/loop'):
        try:
            requests.get(url, timeout=3 if ':7' in url else 60)
        except requests.RequestException as e:
            print(url, type(e).__name__)


async def one(session, n):
    async with session.get(BASE + '/text.txt?%d' % n) as a:
        return a.status, digest(await a.read())


async def with_aiohttp():
    async with aiohttp.ClientSession() as session:
        got = await asyncio.gather(*[one(session, n) for n in range(MANY)])
        print(len(got), set(got))
        async with session.post(BASE + '/echo', data=b'w' * 100000) as a:
            print(await a.text())


with_requests()
asyncio.run(with_aiohttp())
