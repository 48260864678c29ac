/*
 * The face of the membership room: a Membership, what it tells, what it asks for.
 *
 * Everybody else imports from here and from nowhere deeper. The room knows members, rumours and agreement; it knows
 * no key, no command and no cache. Shape: data (names only).
 */
export { compareAges } from './agreement/ages.ts'
export type { AgreementConfig } from './agreement/config.ts'
export { isConvergedAtomr, isConvergedBy } from './agreement/convergence.ts'
export type { AgreementEvent } from './agreement/events.ts'
export { gossipDecide } from './agreement/gossip-decision.ts'
export { pickGossipTarget } from './agreement/gossip-target.ts'
export { electLeaderAtomr, leaderBy } from './agreement/leader.ts'
export { LeaderHandover } from './agreement/leader-handover.ts'
export { nextStatus, nextStatusAtomr } from './agreement/lifecycle.ts'
export type { MemberStatus, MeshState, StateMember } from './agreement/mesh-state.ts'
export { MembersPool } from './agreement/roster.ts'
export type { AgreementSnapshot } from './agreement/snapshot.ts'
export * from './datacenter.ts'
export { EventBus, type MembershipEvent, type Subscription } from './events.ts'
export { HeartbeatLadder, heartbeatChannel, type LadderPeer } from './heartbeats/ladder.ts'
export { LADDER_DEFAULTS, type LadderConfig } from './heartbeats/rung.ts'
export { HeartbeatSender } from './heartbeats/heartbeat-sender.ts'
export type { Liveness, MemberRecord } from './member.ts'
export type { GossipEvent } from './membership-events.ts'
export {
  Membership,
  type MembershipOptions,
  type MembershipSnapshot,
  type Remembered,
} from './membership.ts'
export { MEMBERSHIP_TIMINGS, type MembershipTimings } from './membership-timings.ts'
export type { Address, GossipPorts } from './ports.ts'
export { type ParsedSettings, parseSplitBrain } from './split-brain/config.ts'
export { EtcdLease, type EtcdLeaseOptions } from './split-brain/etcd-lease.ts'
export type { LeasePort } from './split-brain/lease.ts'
export { MemoryLease } from './split-brain/memory-lease.ts'
export { ATOMR_DEFAULTS, PEKKO_DEFAULTS, type SplitBrainSettings } from './split-brain/settings.ts'
export { LAN_CONFIG, LOCAL_CONFIG, type SwimConfig, WAN_CONFIG } from './swim/config.ts'
export { type RunningMembership, type SystemOptions, startMembership } from './system.ts'
export { RecordingSink, type TellSink, type ToldMessage } from './tell.ts'
export { InProcessClusterTransport, InProcessRegistry } from './wire/in-process.ts'
export { joinAddress, splitAddress } from './wire/socket-address.ts'
export { openUdp, type UdpDoor } from './wire/udp.ts'
