/** Bytes as JSON carries them: `0x` and lower-case hex of a fixed width. */

import { to0x, u256, type Hex } from '@cpds/crypto/bytes';
import { N } from '@cpds/crypto/curve';
import { z } from 'zod';

export type { Hex };

/** `0x` hex of exactly `length` bytes; upper case is refused so that equal bytes are equal text. */
export function hex(length: number): z.ZodType<Hex, Hex> {
  const text = z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]{${2 * length}}$`), `must be 0x and ${2 * length} lower-case hex digits`);
  // the pattern proves the prefix, which zod cannot see
  return text as unknown as z.ZodType<Hex, Hex>;
}

/** `0x` hex of any number of whole bytes up to `maxBytes`. */
export function hexUpTo(maxBytes: number): z.ZodType<Hex, Hex> {
  const text = z
    .string()
    .max(2 + 2 * maxBytes)
    .regex(/^0x([0-9a-f]{2})*$/, 'must be 0x and lower-case hex of whole bytes');
  return text as unknown as z.ZodType<Hex, Hex>;
}

export const Bytes16 = hex(16);
export const Bytes32 = hex(32);
/** SEC1 compressed point. */
export const PointHex = hex(33);
/** EVM address, lower case. */
export const AddressHex = hex(20);
const highestS = to0x(u256(N / 2n)).slice(2);
/**
 * ECDSA signature r ‖ s ‖ v in the one form that contracts take: v is 27 or 28 and s lies in the lower half. Libraries
 * take v = 0, 1 or ≥ 35 and a mirrored s for the same key: whoever carries a statement could change it so that every
 * node believed what no chain accepts.
 */
export const SignatureHex = hex(65)
  .refine((text) => /1[bc]$/.test(text), 'must end in v = 1b or 1c')
  // hex digits of one width and case compare as the numbers they write
  .refine((text) => text.slice(66, 130) <= highestS, 'must have s in the lower half of the order');
/** keccak256 digest that names a grant (protocol section 7). */
export const GrantId = Bytes32;
/** `st:eth:0x` ‖ compressed B ‖ compressed A (ERC-5564). */
export const MetaAddress = z.string().regex(/^st:eth:0x[0-9a-f]{132}$/, 'must be st:eth:0x and two compressed points');
/** Seconds since 1970, as the chains count. */
export const UnixSeconds = z.number().int().nonnegative().max(0xffff_ffff_ff);
/** Name of a party on the bus: a hospital, the hub, a storeman or a voucher. */
export const PartyName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a party name');
/** DLEQ proof (protocol section 5). */
export const DleqProof = z.object({ c: Bytes32, s: Bytes32 }).strict();
export type DleqProof = z.infer<typeof DleqProof>;
