/** Nodes' clocks agree within this many seconds (protocol section 7, "Clocks"). */
export const CLOCK_SKEW_SECONDS = 30;
