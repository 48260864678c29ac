// The types of the redis-parser package, which ships none. Shape: data.

declare module 'redis-parser' {
  interface ParserOptions {
    returnReply(reply: unknown): void
    returnError(error: Error): void
    returnFatalError?(error: Error): void
    returnBuffers?: boolean
    stringNumbers?: boolean
  }

  export default class Parser {
    constructor(options: ParserOptions)
    execute(chunk: Uint8Array): void
  }
}
