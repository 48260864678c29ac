/**
 * Entry [Data]: how one key with its value lies in a cell.
 *
 *    0 f64 version     HLC of the last change          (see hlc.ts)
 *    8 f64 expiry      absolute wall ms, 0 = never
 *   16 u32 term      of the claim under which this version was made
 *   20 u32 access      24 bits LRU clock or LFU counter | 8 bits spare
 *   24 u32 length      bytes of the value, or the handle of a value that lives elsewhere
 *   28 u32 meta        key length 16 | type 4 | database 4 | storage 2 | flags 6
 *   32 ... key bytes, then value bytes
 *
 * Storage says where the value is: behind the key in the cell, apart in a buffer of its own (large strings), or in
 * a large collection object. A key too long for its cell lies apart too (KEY_APART as its length).
 */
export const HEADER_BYTES = 32

export const TYPE_STRING = 0
export const TYPE_LIST = 1
export const TYPE_SET = 2
export const TYPE_SORTED_SET = 3
export const TYPE_HASH = 4
export const TYPE_STREAM = 6
export const TYPE_TOMBSTONE = 15

export const TYPE_NAMES: readonly string[] = ['string', 'list', 'set', 'zset', 'hash', 'none', 'stream']

export const STORAGE_INLINE = 0
export const STORAGE_APART = 1
export const STORAGE_OBJECT = 2

/** Set on strings made by APPEND, SETRANGE, SETBIT ...: Redis calls their encoding `raw` whatever their length. */
export const FLAG_RAW = 1
/** Set on inline collections whose bytes are integers only (an intset in Redis' words). */
export const FLAG_INTEGERS = 2

export const KEY_INLINE_MAX = 8192
export const KEY_APART = 0xffff

export const META_TYPE_SHIFT = 16
export const META_DATABASE_SHIFT = 20
export const META_STORAGE_SHIFT = 24
export const META_FLAGS_SHIFT = 26
