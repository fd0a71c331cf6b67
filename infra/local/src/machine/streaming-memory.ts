/**
 * Environment of a process through which records stream. Each chunk of 64 KiB is a block of its own. By default the C
 * library gives freed blocks back to the kernel and fetches each page anew for the next: a sixth of the time that
 * sealing a file takes. With this environment up to 64 MiB of them stay, in large pages where the kernel has some
 * (glibc manual, "Memory Allocation Tunables"; `hugetlb` since glibc 2.35). Ignored where the C library is another.
 */
export const streamingMemory = {
  GLIBC_TUNABLES: `glibc.malloc.trim_threshold=${64 * 2 ** 20}:glibc.malloc.hugetlb=1`,
};
