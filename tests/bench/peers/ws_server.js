// The `ws` package as a WebSocket server over TLS: node ws_server.js PORT CERTIFICATE KEY
// Pings are answered by the library.
'use strict'
const { readFileSync } = require('fs')
const { createServer } = require('https')
const { WebSocketServer } = require('ws')

const [port, certificate, key] = process.argv.slice(2)
const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) })
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('error', () => {})
})
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
