/**
 * HTTP desk [Machine + table]: what a node answers over HTTP: one row a path. A request is judged by its head, so that
 * nobody sends a body for nothing, and then handed to whom the row names. It knows no socket.
 */
import type { Buffer } from 'node:buffer'
import type { NodeState } from '../session/node-state.ts'
import { type HttpHead, refusesHead } from './http-admission.ts'
import { isProblem, type Json, outcomeJson, readGet, readRemove, readSet } from './item-json.ts'
import { badRequest, type Problem, problem } from './item-port.ts'
import { readQuery } from './json-bytes.ts'
import type { NodeItems } from './node-items.ts'

export interface HttpAnswer {
  readonly status: number
  readonly json: Json
  readonly headers?: Readonly<Record<string, string>>
}

export type Answered = (answer: HttpAnswer) => void

interface Visit {
  readonly head: HttpHead
  readonly query: ReadonlyMap<string, string>
  readonly body: Buffer
}

interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  /** Health is for everybody; keys are not. */
  readonly isAboutKeys: boolean
  readonly hasBody: boolean
  readonly serve: (desk: HttpDesk, visit: Visit, answered: Answered) => void
}

const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/healthz', isAboutKeys: false, hasBody: false, serve: health },
  { method: 'GET', path: '/readyz', isAboutKeys: false, hasBody: false, serve: readiness },
  { method: 'POST', path: '/internal/set', isAboutKeys: true, hasBody: true, serve: set },
  { method: 'GET', path: '/internal/get', isAboutKeys: true, hasBody: false, serve: get },
  { method: 'DELETE', path: '/internal/del', isAboutKeys: true, hasBody: false, serve: remove },
]
const JSON_TYPE = /^application\/json\s*(?:;.*)?$/i
const CLOSED = problem(
  403,
  'FORBIDDEN',
  'keys are not served over HTTP: start this node with --http-items yes',
)
const NOT_FOUND = problem(404, 'NOT_FOUND', 'there is nothing here')
const NOT_JSON = problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'send Content-Type: application/json')

export interface HttpDeskSettings {
  readonly servesItems: boolean
  /** The name peers and clients are told, if it is one. */
  readonly advertised: string
}

export class HttpDesk {
  /** The node is on its way out: who balances load should look elsewhere. */
  isDraining = false
  readonly node: NodeState
  readonly items: NodeItems
  readonly #settings: HttpDeskSettings

  constructor(node: NodeState, items: NodeItems, settings: HttpDeskSettings) {
    this.node = node
    this.items = items
    this.#settings = settings
  }

  /** Undefined: the body is wanted, or there is none to come. */
  refuses(head: HttpHead): HttpAnswer | undefined {
    const rows = ROUTES.filter(({ path }) => path === head.path)
    const route = routeOf(head)
    if (rows.length === 0) return answerOf(NOT_FOUND)
    if (route === undefined) {
      const refused = problem(405, 'METHOD_NOT_ALLOWED', 'this path is not asked that way')
      return { ...answerOf(refused), headers: { allow: rows.map(({ method }) => method).join(', ') } }
    }
    if (!route.isAboutKeys) return undefined
    if (!this.#settings.servesItems) return answerOf(CLOSED)
    const refusal = refusesHead(head, this.#token(), this.#settings.advertised)
    if (refusal !== undefined) {
      const headers = refusal.status === 401 ? { 'www-authenticate': 'Bearer' } : {}
      return { ...answerOf(refusal), headers }
    }
    return route.hasBody && !JSON_TYPE.test(head.contentType ?? '') ? answerOf(NOT_JSON) : undefined
  }

  /** For heads that were not refused. Answers once. */
  serve(head: HttpHead, body: Buffer, answered: Answered): void {
    const query = readQuery(head.query)
    if (query === undefined) return answered(answerOf(badRequest('the query is broken')))
    routeOf(head)!.serve(this, { head, query, body }, answered)
  }

  #token(): string {
    const { config } = this.node
    return config.text('mesh-secret') || config.text('requirepass')
  }
}

function routeOf({ method, path }: HttpHead): Route | undefined {
  const asked = method === 'HEAD' ? 'GET' : method
  return ROUTES.find((route) => route.path === path && route.method === asked)
}

export function answerOf({ code, error, status }: Problem): HttpAnswer {
  return { status, json: { error, code } }
}

function health(_desk: HttpDesk, _visit: Visit, answered: Answered): void {
  answered({ status: 200, json: { status: 'ok' } })
}

/** May it be sent clients' requests? */
function readiness({ isDraining, node }: HttpDesk, _visit: Visit, answered: Answered): void {
  const { state } = node.mesh
  if (isDraining || node.isShuttingDown) answered({ status: 503, json: { status: 'draining' } })
  else if (state !== 'ok') answered({ status: 503, json: { status: 'not ready' } })
  else answered({ status: 200, json: { status: 'ready' } })
}

function set({ items }: HttpDesk, { body, head }: Visit, answered: Answered): void {
  const order = readSet(parsed(body))
  if (isProblem(order)) return answered(answerOf(order))
  items.portFor(head.remoteAddress).set(order, (outcome) => answered(outcomeAnswer(outcome, order)))
}

function get({ items }: HttpDesk, { head, query }: Visit, answered: Answered): void {
  const order = readGet(query)
  if (isProblem(order)) return answered(answerOf(order))
  items.portFor(head.remoteAddress).get(order, (outcome) => answered(outcomeAnswer(outcome, order)))
}

function remove({ items }: HttpDesk, { head, query }: Visit, answered: Answered): void {
  const order = readRemove(query)
  if (isProblem(order)) return answered(answerOf(order))
  items.portFor(head.remoteAddress).remove(order, (outcome) => answered(outcomeAnswer(outcome, order)))
}

function outcomeAnswer(
  outcome: Parameters<typeof outcomeJson>[0],
  order: Parameters<typeof outcomeJson>[1],
): HttpAnswer {
  const status = outcome.kind === 'problem' ? outcome.status : 200
  return { status, json: outcomeJson(outcome, order) }
}

/** Undefined when it is no JSON, which no order is. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
