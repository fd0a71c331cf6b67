/** Nodes' clocks agree within this many seconds (protocol section 7, "Clocks"). */
export const clockSkewSeconds = 30;
