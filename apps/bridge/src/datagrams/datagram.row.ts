import type { Datagram, DatagramKind } from '@cpds/messages';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A datagram that is sent until it is answered or its deadline passes; one per recipient, kind and grant, ever. */
@Entity({ name: 'outgoing_datagram' })
export class OutgoingDatagramRow {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') recipient!: string;
  @Column('text') kind!: DatagramKind;
  @Column('text', { name: 'grant_id' }) grantId!: string;
  /** the signed bytes: every repeat is the same datagram */
  @Column('jsonb') datagram!: Datagram;
  /** seconds since 1970 */
  @Column('bigint') deadline!: string;
  @Column('text') state!: 'open' | 'answered' | 'expired';
  @Column('int') attempts!: number;
  @Column('timestamptz', { name: 'next_at' }) nextAt!: Date;
  /** the request that it was stored for, if any: whoever receives it may name it in its log */
  @Column('text', { name: 'request_id', nullable: true }) requestId!: string | null;
}

/** An answer given, to be repeated for the same datagram. */
@Entity({ name: 'answered_datagram' })
export class AnsweredDatagramRow {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') sender!: string;
  /** digest of the datagram answered: another text under the same id gets no answer */
  @Column('text') digest!: string;
  @Column('jsonb') answer!: Datagram;
  @Column('timestamptz', { name: 'answered_at' }) answeredAt!: Date;
}
