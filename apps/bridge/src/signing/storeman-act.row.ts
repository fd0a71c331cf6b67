import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The acts of a storeman for a grant. */
export type StoremanActName = 'mint' | 'not-mapped' | 'release';

/**
 * An act to which this storeman has committed itself, once per (grant, act): at most one digest is ever signed for it
 * (protocol I8). A second, partial unique index over (grant) for 'not-mapped' and 'release' keeps the two from both
 * existing (I1).
 */
@Entity({ name: 'storeman_act' })
export class StoremanActRow {
  @PrimaryColumn('text', { name: 'grant_id' }) grantId!: string;
  @PrimaryColumn('text') act!: StoremanActName;
  /** the digest that was or may be signed; for a release the capsule's hash */
  @Column('text') digest!: string;
  @Column('text', { name: 'home_uid' }) homeUid!: string;
  @Column('text', { name: 'destination_uid' }) destinationUid!: string;
  @Column('timestamptz') at!: Date;
}

/** A nonce id that has been used up: inserted before the share it makes leaves the process. */
@Entity({ name: 'spent_nonce' })
export class SpentNonceRow {
  @PrimaryColumn('uuid', { name: 'nonce_id' }) nonceId!: string;
  @Column('text', { name: 'grant_id' }) grantId!: string;
  @Column('timestamptz') at!: Date;
}
