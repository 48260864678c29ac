/*
 * Floods a server, as a process of its own: opens connections, writes requests as fast as the sockets take them, and never
 * reads an answer. Arguments: port, connections. Runs until it is killed.
 *
 * The idea: apart from the test that started it, so that the test's own clients are not slowed by its
 * attack. Shape: door (tests only).
 */
import net from 'node:net'
import { encodeRequest } from '../support/reply.ts'

const REQUESTS_PER_WRITE = 400

const [port, connections] = process.argv.slice(2).map(Number)
const junk = Buffer.concat(
  Array.from({ length: REQUESTS_PER_WRITE }, (_, index) => encodeRequest(['GET', `key:${index}`])),
)

for (let index = 0; index < connections!; index++) {
  const socket = net.connect({ port: port!, host: '127.0.0.1' })
  const pour = (): void => {
    while (socket.writable && socket.write(junk)) {}
  }
  socket.pause()
  socket.on('error', () => {})
  socket.on('connect', pour)
  socket.on('drain', pour)
}

// A socket that was cut off is not replaced; the process stays until it is told to go.
setInterval(() => {}, 1000)
