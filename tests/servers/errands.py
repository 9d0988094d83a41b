# SPDX-License-Identifier: BSD-2-Clause
"""errands.py - what clients in guests are sent for: command lines.

Each is a status and a command, split as a shell does; HOST, HOST6 and TLS stand
for the addresses of the machine outside and for the file with its certificate.
`< FILE` is its input. Port 7 takes everything and answers nothing, at port 9
there is nobody, 192.0.2.99 is nowhere.
"""

CURL = """
0 curl -sS http://HOST/
0 curl -sSI http://HOST/text.txt
0 curl -sS -r 10-19 http://HOST/text.txt
0 curl -sS --compressed http://HOST/text.txt
0 curl -sS -z 2020-01-01 -w %{http_code} http://HOST/text.txt
0 curl -sS --http2 --cacert TLS -w %{http_version} https://samara.test/
0 curl -sS --cacert TLS --resolve x.test:443:HOST --connect-to \
    x.test::samara.test: https://samara.test/text.txt
60 curl -sS https://samara.test/
60 curl -sS --cacert TLS https://HOST/
35 curl -sS https://HOST:80/
0 curl -sSL -w '%{num_redirects} %{url_effective}' http://HOST/moved
47 curl -sSL --max-redirs 3 http://HOST/loop
22 curl -sSf http://HOST/none
52 curl -sS http://HOST/close
0 curl -sS -c /srv/out/jar http://HOST/cookie --next -sS -b /srv/out/jar \
    http://HOST/cookie --next -sS file:///srv/out/jar
0 curl -sS -F a=b -F file=@/srv/www/text.txt http://HOST/echo?form
0 curl -sS -o /srv/out/large http://HOST/download --next -sS -T /srv/out/large \
    http://HOST/upload/large
0 curl -sS -r 0-999999 -o /srv/out/part http://HOST/random --next -sS -C - \
    -o /srv/out/part http://HOST/random --next -sS -T /srv/out/part \
    http://HOST/upload/resumed
0 curl -sS --http2 --cacert TLS -T /srv/www/random \
    https://samara.test/upload/by-http2
0 curl -sS --parallel --parallel-immediate --parallel-max 50 -o /srv/out/#1 \
    -w '%{http_code} %{size_download}\\n' http://HOST/index.html?[1-50]
0 curl -sS --parallel --http2 --cacert TLS -o /srv/out/#1 -w \
    '%{http_code} %{size_download}\\n' https://samara.test/text.txt?[1-20]
0 curl -sS --limit-rate 3M -o /dev/null -w %{size_download} http://HOST/random
28 curl -sS --max-time 3 http://HOST:7/
28 curl -sS --connect-timeout 1 http://192.0.2.99/
7 curl -sS http://HOST:9/
6 curl -sS http://none.samara.test/
7 curl -sS --unix-socket /none http://HOST/
0 curl -sS http://[HOST6]/
7 curl -sS http://[HOST6]:9/
0 curl -sS --local-port 40000-40010 --keepalive-time 5 --tcp-fastopen \
    http://HOST/
0 curl -sS -x http://HOST:8888 http://samara.test/
0 curl -sS -p -x http://HOST:8888 --cacert TLS https://samara.test/
7 curl -sS -x http://HOST:9 http://samara.test/
0 curl -sS --socks5 HOST:1080 http://HOST/
0 curl -sS --socks5-hostname HOST:1080 --cacert TLS https://samara.test/
0 curl -sS ftp://HOST:2121/www/index.html
0 curl -sS ftp://HOST:2121/www/deep/
0 curl -sS -T /srv/www/random ftp://HOST:2121/data/by-ftp
78 curl -sS ftp://HOST:2121/none
0 curl -sS --mail-from a@samara.test --mail-rcpt b@samara.test -T \
    /srv/www/index.html smtp://HOST:2525
"""

WGET = """
0 wget -q -O - http://HOST/
0 wget -nv -r -np -P /srv/out http://HOST/listing/
0 wget -nv -r -np -O /srv/out/all http://HOST/listing/
0 wget -nv -N -P /srv/out http://HOST/text.txt http://HOST/text.txt
0 wget -nv -c -P /srv/part http://HOST/random
0 wget -nv --ca-certificate=TLS -O - https://samara.test/
5 wget -nv -O - https://samara.test/
8 wget -nv -O - http://HOST/none
4 wget -nv --tries=1 -O - http://HOST:9/
4 wget -nv --tries=1 --timeout=3 -O - http://HOST:7/
4 wget -nv -O - http://none.samara.test/
0 wget -nv -O - --method=PUT --body-file=/srv/www/random \
    http://HOST/upload/by-wget
0 wget -nv -O - http://[HOST6]/
0 wget -nv -O - ftp://HOST:2121/www/index.html
"""

NAMES = """
0 dig @HOST www.samara.test
0 dig @HOST +tcp www.samara.test AAAA
0 dig @HOST +short text.samara.test TXT
0 dig @HOST big.samara.test TXT
0 dig @HOST +ignore big.samara.test TXT
0 dig @HOST +bufsize=4096 big.samara.test TXT
0 dig @HOST -x 192.0.2.80
0 dig @HOST none.samara.test
0 dig @HOST6 www.samara.test
0 dig www.samara.test
9 dig @HOST -p 7 +time=1 +tries=2 www.samara.test
9 dig @HOST -p 7 +tcp +time=1 +tries=1 www.samara.test
9 dig @HOST -p 9 +tries=1 www.samara.test
0 host -t AAAA www.samara.test HOST
1 host none.samara.test
0 nslookup www.samara.test HOST
0 getent ahostsv4 www.samara.test
0 getent ahostsv6 www.samara.test
0 getent hosts alias.samara.test
2 getent hosts none.samara.test
"""

STREAMS = """
0 openssl s_client -brief -verify_return_error -CAfile TLS -connect HOST:443 \
    < /dev/null
1 openssl s_client -brief -verify_return_error -connect HOST:443 < /dev/null
0 nc -N HOST 80 < /srv/ask
0 nc -6 -N HOST6 80 < /srv/ask
1 nc -zv HOST 9
0 nc -zv HOST 80
1 nc -v -w 1 192.0.2.99 80
1 nc -v 198.51.100.1 80
0 socat -t 9 - TCP:HOST:80 < /srv/ask
0 socat -t 9 - TCP6:[HOST6]:80 < /srv/ask
0 socat -t 9 - OPENSSL:HOST:443,cafile=TLS,commonname=samara.test < /srv/ask
1 socat - TCP:HOST:9
0 redis-cli -h HOST set leaf maple
0 redis-cli -h HOST -r 3 append leaf s
0 redis-cli -h HOST --scan
1 redis-cli -h HOST -p 9 ping
0 mosquitto_pub -h HOST -q 2 -r -t leaf -m maple
0 mosquitto_sub -h HOST -q 1 -C 1 -t leaf
0 rsync rsync://HOST:8730
0 git ls-remote git://HOST/repository
0 ab -q -n 500 -c 20 http://HOST/index.html
0 ab -q -k -n 500 -c 20 http://HOST/index.html
0 wrk -t 2 -c 20 -d 1 http://HOST/index.html
"""

SSH = """
0 ssh-keyscan -p 2222 HOST
0 ssh -F none -p 2222 -i /srv/ssh/key -o UserKnownHostsFile=/srv/ssh/known \
    -o BatchMode=yes root@HOST cat /srv/www/index.html
0 ssh -F none -p 2222 -i /srv/ssh/key -o UserKnownHostsFile=/srv/ssh/known \
    -o BatchMode=yes root@HOST cat < /srv/www/text.txt
3 ssh -F none -p 2222 -i /srv/ssh/key -o UserKnownHostsFile=/srv/ssh/known \
    -o BatchMode=yes root@HOST exit 3
255 ssh -F none -p 2222 -i /srv/ssh/key -o UserKnownHostsFile=/dev/null \
    -o BatchMode=yes root@HOST true
255 ssh -F none -p 9 root@HOST true
"""

PYTHON = """
0 python3 /srv/client.py HOST
"""

LIBRARIES = """
0 python3 /srv/libraries.py
"""
