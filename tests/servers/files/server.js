// SPDX-License-Identifier: BSD-2-Clause
// server.js - HTTP by node's own module, port 8000: files, an echo, a stream.
const http = require('http');
const fs = require('fs');

const server = http.createServer((request, response) => {
  if (request.url === '/echo') {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    request.pipe(response);
    return;
  }
  if (request.url === '/slow') {
    setTimeout(() => response.end('slow\n'), 200);
    return;
  }
  const name = '/srv/www' +
    (request.url === '/' ? '/index.html' : request.url);
  fs.readFile(name, (error, data) => {
    if (error) {
      response.writeHead(404);
      response.end('none\n');
      return;
    }
    response.writeHead(200, { 'Content-Length': data.length });
    response.end(data);
  });
});
server.listen(8000);
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => process.exit(0));
});
