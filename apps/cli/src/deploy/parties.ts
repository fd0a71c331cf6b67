import { fromHex, to0x } from '@cpds/crypto/bytes';
import * as hpke from '@cpds/crypto/hpke';
import type { Hex } from '@cpds/contracts';
import { computeAddress } from 'ethers';

/** A storeman or voucher as the owners admit it. */
export interface MemberParty {
  /** Operator's name in datagrams. */
  readonly name: string;
  /** Gas account on the hub. */
  readonly account: Hex;
  /** Address of the key that signs its datagrams. */
  readonly messageKey: Hex;
  /** Uncompressed P-256 point, 65 bytes. */
  readonly hpkeKey: Hex;
}

/** The three keys of a role node or of a hospital's bridge, hex with or without 0x. */
export interface PartyKeys {
  readonly gas: string;
  readonly message: string;
  readonly hpke: string;
}

/** The public keys and addresses of a bridge process's key file. @throws CryptoError when a key is malformed */
export function memberParty(name: string, keys: PartyKeys): MemberParty {
  return {
    name,
    account: accountOf(keys.gas),
    messageKey: accountOf(keys.message),
    hpkeKey: to0x(hpke.publicKey(fromHex(keys.hpke, 'hpke', 32), 'hpke')),
  };
}

/** Address of a secp256k1 private key, lower case. */
export function accountOf(privateKey: string): Hex {
  return computeAddress(to0x(fromHex(privateKey, 'privateKey', 32))).toLowerCase() as Hex;
}

/** How a chain's blocks become final, and how slow it may be (protocol section 7, "Final"). */
export interface ChainParameters {
  readonly finality: 'Instant' | 'Depth' | 'Tag';
  /** Blocks; 0 for `Instant`. */
  readonly depth: number;
  readonly blockSeconds: number;
  readonly maxHeadAgeSeconds: number;
  /** w = 2·(depth+2)·blockSeconds + margin. */
  readonly wSeconds: number;
}

/** Accounts to be funded up to `wei` each, from an account used for nothing else. */
export interface Funding {
  readonly funderKey: string;
  readonly accounts: readonly string[];
  readonly wei: bigint;
}
