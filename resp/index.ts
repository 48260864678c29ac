// The face of the protocol room: requests in, replies out, connections, a listener and a client.
//
// Everybody else imports from here and from nowhere deeper. The room knows bytes, order and limits;
// it knows no command, no key and no mesh. Shape: data (names only).

export { Args } from './args.ts'
export type { Argument, CallOptions, ConnectOptions, Reply } from './client.ts'
export { Client, connect, ReplyError } from './client.ts'
export { Connection } from './connection.ts'
export type { CloseReason, ConnectionRoom, Conversation, Outlet, Turns } from './connection-ports.ts'
export { formatDouble } from './format-double.ts'
export type { ConnectionLimits, ConnectionStats, OutputLimits } from './limits.ts'
export { defaultConnectionLimits, newConnectionStats, unlimitedOutput } from './limits.ts'
export { replyEnd } from './reply-span.ts'
export { ReplyWriter } from './reply-writer.ts'
export type { ParseResult, ParserLimits } from './request-parser.ts'
export { defaultParserLimits, FAILED, NEED_MORE, READY, RequestParser } from './request-parser.ts'
export { RequestScan } from './request-scan.ts'
export type { RunningServer, ServerLimits, ServerOptions } from './server.ts'
export { defaultServerLimits, startServer } from './server.ts'
export { SlabPool, slabBytes } from './slab-pool.ts'
export { TurnQueue } from './turn-queue.ts'
