/**
 * Huge pages [Rule]: the environment under which a node's memory lies in pages of 2 MiB, where the system leaves that to
 * the program (transparent_hugepage = madvise). Looking up random keys of a large store then misses the address
 * cache far less (a fifth off GET in a store of a million keys). The C library reads it when a process starts: who
 * starts nodes sets it for them. Nothing is written to disk by forking, so the reason why Redis avoids them is not ours.
 */
export const HUGE_PAGES: Readonly<Record<string, string>> = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' }
