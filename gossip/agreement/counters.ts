/*
 * What the agreement counts.
 *
 * The idea: plain numbers that only go up, read by whoever exports figures; a refused input shows up here and
 * nowhere else.
 * Shape: data.
 */

export interface AgreementCounters {
  statusesSent: number
  clocksSent: number
  mergesAsked: number
  envelopesSent: number
  /** Of the envelopes sent, those that held a whole state. */
  wholesSent: number
  seenSent: number
  envelopesReceived: number
  /** On top of something this node does not hold: the next status starts over. */
  envelopesUnbased: number
  /** Not what a message of its kind may be. */
  messagesRefused: number
  /** Versions this node made. */
  changesMade: number
  /** Versions it took over from others. */
  changesMerged: number
  /** States or newcomers beyond a limit. */
  refusedFull: number
  /** Alive, not members, and beyond what is remembered. */
  candidatesDropped: number
  /** Alive again under a life that is buried: it has to come back with a new one. */
  candidatesBuried: number
  tombstonesExpired: number
}

export function newCounters(): AgreementCounters {
  return {
    statusesSent: 0,
    clocksSent: 0,
    mergesAsked: 0,
    envelopesSent: 0,
    wholesSent: 0,
    seenSent: 0,
    envelopesReceived: 0,
    envelopesUnbased: 0,
    messagesRefused: 0,
    changesMade: 0,
    changesMerged: 0,
    refusedFull: 0,
    candidatesDropped: 0,
    candidatesBuried: 0,
    tombstonesExpired: 0,
  }
}
