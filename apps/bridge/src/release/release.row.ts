import type { Hex, SignedPartial } from '@cpds/messages';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * One partial release: unique per (grantId, epoch), committed before the partial leaves. It names the final lock and the
 * final mapping it rests on by block hash (invariant I2), and its bytes are what every repetition answers.
 */
@Entity({ name: 'release' })
export class ReleaseRow {
  @PrimaryColumn('text', { name: 'grant_id' }) grantId!: Hex;
  @PrimaryColumn('int') epoch!: number;
  @Column('int', { name: 'member_index' }) memberIndex!: number;
  @Column('text', { name: 'sealed_key_hash' }) sealedKeyHash!: Hex;
  @Column('text') w!: Hex;
  @Column('text') c!: Hex;
  @Column('text') s!: Hex;
  @Column('text', { name: 'lock_block' }) lockBlock!: Hex;
  @Column('text', { name: 'mint_block' }) mintBlock!: Hex;
  @Column('text') signature!: Hex;
  @Column('timestamptz') at!: Date;
}

/** The row as it travels. */
export function signedPartialOf(row: ReleaseRow): SignedPartial {
  const { grantId, epoch, memberIndex, sealedKeyHash, w, c, s, lockBlock, mintBlock, signature } = row;
  return { grantId, epoch, index: memberIndex, sealedKeyHash, w, c, s, lockBlock, mintBlock, signature };
}
