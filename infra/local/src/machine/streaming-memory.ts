/**
 * Environment of a process through which records stream. Its chunks of 64 KiB are each a block of their own, and the C
 * library would give freed ones back to the kernel, to fetch each page anew for the next: a sixth of the time that sealing a
 * file takes. So up to 64 MiB of them stay, in large pages where the kernel has some (glibc manual, "Memory Allocation
 * Tunables"; `hugetlb` since glibc 2.35). Ignored where the C library is another.
 */
export const streamingMemory = {
  GLIBC_TUNABLES: `glibc.malloc.trim_threshold=${64 * 2 ** 20}:glibc.malloc.hugetlb=1`,
};
