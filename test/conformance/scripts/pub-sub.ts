/*
 * What publish and subscribe answer and deliver. Commands only; redis-server knows the answers.
 * Shape: table.
 */
import { type Case, unordered } from '../script.ts'

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'a message reaches who subscribed', run: ['c2> SUBSCRIBE a b', 'PUBLISH a hello', 'PUBLISH b ""', 'PUBLISH c lost', 'c2> UNSUBSCRIBE a', 'PUBLISH a lost', 'PUBLISH b "\\x00\\xff\\r\\n"'] },
  { name: 'subscribing twice counts once', run: ['c2> SUBSCRIBE a a', 'c2> SUBSCRIBE a', 'PUBLISH a x', 'c2> UNSUBSCRIBE a a', 'PUBLISH a y', 'PUBSUB NUMSUB a'] },
  { name: 'a pattern gets what it matches', run: ['c2> PSUBSCRIBE n*s h?llo [ab]x', 'PUBLISH news 1', 'PUBLISH hello 2', 'PUBLISH hxllo 3', 'PUBLISH ax 4', 'PUBLISH cx 5', 'c2> PUNSUBSCRIBE n*s', 'PUBLISH news 6'] },
  { name: 'channel and pattern both deliver', run: ['c2> SUBSCRIBE abc', 'c2> PSUBSCRIBE a*', 'c3> PSUBSCRIBE *c', 'PUBLISH abc x', 'PUBSUB NUMPAT', 'PUBSUB NUMSUB abc a*'] },
  { name: 'UNSUBSCRIBE and PUNSUBSCRIBE without names leave one after the other', run: ['c2> SUBSCRIBE a', 'c2> PSUBSCRIBE p', 'c2> UNSUBSCRIBE', 'c2> PUNSUBSCRIBE', 'c2> UNSUBSCRIBE', 'c2> PUNSUBSCRIBE', 'c2> SUNSUBSCRIBE', 'c2> UNSUBSCRIBE none', 'c2> PUNSUBSCRIBE none', 'c2> SUNSUBSCRIBE none', 'c2> GET k', 'PUBLISH a x'] },
  { name: 'a subscriber may only run a few commands in RESP2 and any in RESP3', run: ['c2> SUBSCRIBE a', 'c2> PING', 'c2> PING hi', 'c2> GET k', 'c2> SET k v', 'c2> MULTI', 'c2> PUBLISH a self', 'c2> CLIENT ID x', 'c2> NOSUCH', 'c2> get', 'c2> RESET', 'c2> PING', 'c2> GET k', 'PUBLISH a x'] },
  { name: 'a subscriber may quit', run: ['c2> SUBSCRIBE a', 'c2> QUIT', 'await c2'] },
  { name: 'PUBSUB CHANNELS, NUMSUB and NUMPAT', run: ['PUBSUB CHANNELS', 'PUBSUB NUMSUB', 'PUBSUB NUMPAT', 'c2> SUBSCRIBE a ab b', 'c3> SUBSCRIBE a', 'c3> PSUBSCRIBE x* y*', 'c2> PSUBSCRIBE x*', unordered('PUBSUB CHANNELS'), unordered('PUBSUB CHANNELS a*'), 'PUBSUB CHANNELS none', 'PUBSUB NUMSUB a b none a', 'PUBSUB NUMPAT', 'PUBSUB', 'PUBSUB BOGUS', 'PUBSUB CHANNELS a b', 'PUBSUB NUMPAT x', 'pubsub channels none'] },
  { name: 'PUBSUB HELP explains itself', run: ['PUBSUB HELP'] },
  { name: 'a shard channel is apart from channels', run: ['c2> SSUBSCRIBE a', 'c3> SUBSCRIBE a', 'SPUBLISH a shard', 'PUBLISH a plain', 'PUBSUB SHARDCHANNELS', 'PUBSUB SHARDCHANNELS b*', 'PUBSUB SHARDNUMSUB a b', 'PUBSUB SHARDNUMSUB', 'PUBSUB CHANNELS', 'c2> SUNSUBSCRIBE a', 'c2> SUNSUBSCRIBE', 'SPUBLISH a lost', 'SPUBLISH', 'SPUBLISH a', 'SSUBSCRIBE'] },
  { name: 'several shard channels and all at once', run: ['c2> SSUBSCRIBE a b a', 'SPUBLISH b 1', 'c2> SUNSUBSCRIBE a', 'c2> SUNSUBSCRIBE', 'SPUBLISH b 2', 'c2> PING'] },
  { name: 'pub/sub commands need their arguments', run: ['SUBSCRIBE', 'PSUBSCRIBE', 'PUBLISH', 'PUBLISH a', 'PUBLISH a b c', 'SSUBSCRIBE', 'SPUBLISH a'] },
  { name: 'pub/sub ignores databases', run: ['c2> SELECT 1', 'c2> SUBSCRIBE a', 'SELECT 2', 'PUBLISH a x'] },
  { name: 'messages come in order and to everybody', run: ['c2> SUBSCRIBE a', 'c3> SUBSCRIBE a', 'c4> PSUBSCRIBE *', 'PUBLISH a 1', 'PUBLISH a 2', 'PUBLISH a 3'] },
  { name: 'who publishes may subscribe to it too', run: ['c2> SUBSCRIBE a', 'c2> PUBLISH a self', 'PUBLISH a other'] },
  { name: 'a subscriber that is gone is not counted', run: ['c2> SUBSCRIBE a', 'PUBLISH a x', 'CLIENT KILL TYPE pubsub', 'await c2', 'PUBLISH a y', 'PUBSUB CHANNELS'] },
  { name: 'subscribing inside MULTI', run: ['c2> MULTI', 'c2> SUBSCRIBE a', 'c2> PING', 'c2> EXEC', 'PUBLISH a x'] },
  { name: 'channel names are bytes', run: ['c2> SUBSCRIBE "\\xff\\x00" ""', 'PUBLISH "\\xff\\x00" x', 'PUBLISH "" y', unordered('PUBSUB CHANNELS'), 'c2> PSUBSCRIBE "\\xff*"', 'PUBLISH "\\xff\\x01" z'] },
  { name: 'RESP3 connections mix replies and pushes', protocol: 3, run: ['c2> HELLO 3', 'c2> SUBSCRIBE a', 'c2> GET k', 'PUBLISH a x', 'c2> SET k v', 'c2> GET k', 'c2> UNSUBSCRIBE', 'c2> PING'].slice(1) },
]
