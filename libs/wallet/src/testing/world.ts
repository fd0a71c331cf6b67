/** All that a wallet asks on its way from enrolment to revocation, served on loopback: hub, home chain, home hospital and a bridge. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  answerDigest,
  chainUid,
  DeedRegistry,
  grantId as grantIdOf,
  isEnrolmentSigned,
  LockedAccount,
  signDigest,
  type Hex,
} from '@cpds/contracts';
import type * as age from '@cpds/crypto/age';
import { pointFromHex } from '@cpds/crypto/curve';
import { formatMetaAddress } from '@cpds/crypto/stealth';
import type { Consent, Enrolment, Statement, WalletDeed, WalletParameters, WalletRequest } from '@cpds/messages';
import { Interface, type InterfaceAbi } from 'ethers';
import type { CohortFacts } from '../deed-check.js';
import type { HubFacts } from '../hub-facts.js';
import type { WalletPins } from '../wallet-holder.js';
import { hex, hub, mint, north, own, parameters, request, south, storemanKeys } from './facts.js';
import { callRegistry, chainRegistry, storemanRegistry } from './registries.js';

const ids = { hub: 9001n, home: 9002n };
const genesis = hex(0);
const hubUid = chainUid(ids.hub, genesis);
const homeUid = chainUid(ids.home, genesis);
const facts: HubFacts = { ...hub, hubUid, hospitals: [{ ...north, chainUid: homeUid }, south] };
const headNumber = 9;
const deeds = new Interface(DeedRegistry.abi as InterfaceAbi);
const locks = new Interface(LockedAccount.abi as InterfaceAbi);

/** A file of the world, for pages that are to be of the same origin. */
export interface WorldFile {
  readonly type: string;
  readonly body: string;
}

/** A world with one patient, who has one deed once enrolled, and one request to them. */
export class World {
  readonly patientId = '5f1f9e0b-0b6d-4a53-9d4b-7a112f1f3f1d';
  readonly consents: Consent[] = [];
  readonly revocations: Statement[] = [];
  private request: WalletRequest | undefined;
  private minted: { deed: WalletDeed; cohort: CohortFacts } | undefined;
  private readonly server = createServer((call, response) => {
    let body = '';
    call.setEncoding('utf8').on('data', (part: string) => (body += part));
    call.on('end', () => {
      const file = this.files[call.url!];
      response.setHeader('content-type', file?.type ?? 'application/json');
      try {
        response.end(file?.body ?? JSON.stringify(this.answer(call.url!.replace(/\?.*/, ''), body)));
      } catch (cause) {
        response.writeHead(500).end(JSON.stringify({ code: 'world', kind: 'bug', detail: String(cause) }));
      }
    });
  });

  private constructor(private readonly files: Readonly<Record<string, WorldFile>>) {}

  /** Served at a port of its own; `files` by path, besides. */
  static async open(files: Readonly<Record<string, WorldFile>> = {}): Promise<World> {
    const world = new World(files);
    await once(world.server.listen(0, '127.0.0.1'), 'listening');
    return world;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get pins(): WalletPins {
    return {
      home: {
        name: north.name,
        chainUid: homeUid,
        identityUrl: `${this.url}/identity`,
        recordsUrl: `${this.url}/records`,
        bridgeUrl: `${this.url}/bridge`,
        rpcUrls: [`${this.url}/home`],
      },
      identifiers: own.identifiers,
      hub: { chainUid: hubUid, chainRegistry, storemanRegistry, rpcUrls: [`${this.url}/hub`] },
      revocationUrls: [`${this.url}/bridge`],
    };
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(path: string, text: string): unknown {
    const asked = new Map<string, () => unknown>([
      ['/hub', () => batch(text, (method, params) => this.node('hub', method, params))],
      ['/home', () => batch(text, (method, params) => this.node('home', method, params))],
      ['/identity/enrolments', () => this.enrol(JSON.parse(text) as { enrolment: Enrolment; signature: string })],
      ['/identity/token', () => ({ access_token: 'token', expires_in: 300 })],
      ['/records/wallet/deeds', () => ({ deeds: [this.minted!.deed] })],
      ['/bridge/wallet/requests', () => ({ requests: [this.request!] })],
      ['/bridge/wallet/parameters', () => this.parameters()],
      [`/bridge/requests/${this.request?.requestId}/consent`, () => this.consent(JSON.parse(text) as Consent)],
      ['/bridge/revocations', () => this.revoke(JSON.parse(text) as Statement)],
    ]).get(path);
    if (asked === undefined) throw new Error(`nobody answers ${path}`);
    return asked();
  }

  /** A chain of ten blocks, a second each, whose head is always now. */
  private node(chain: 'hub' | 'home', method: string, params: readonly unknown[]): unknown {
    const block = (number: number) => ({
      number: quantity(number),
      hash: hex(number),
      parentHash: hex(Math.max(number - 1, 0)),
      timestamp: quantity(now() - (headNumber - number)),
      transactions: ['0x'],
    });
    switch (method) {
      case 'eth_chainId':
        return `0x${ids[chain].toString(16)}`;
      case 'eth_getBlockByNumber':
        return block(params[0] === 'latest' ? headNumber : Number(params[0]));
      case 'eth_call': {
        const { to, data } = params[0] as { to: string; data: string };
        return chain === 'hub' ? callRegistry(facts, to, data) : this.callHome(to, data);
      }
      case 'eth_getLogs':
        return [this.cohortMinted()];
    }
    throw new Error(`no node answers ${method}`);
  }

  private callHome(to: string, data: string): Hex {
    if (to === north.deedRegistry)
      return deeds.encodeFunctionResult(deeds.parseTransaction({ data })!.name, [this.minted!.cohort.word]) as Hex;
    return locks.encodeFunctionResult(locks.parseTransaction({ data })!.name, [parameters.minWindowSeconds]) as Hex;
  }

  private cohortMinted() {
    const { xs, commitments } = this.minted!.cohort;
    const { data, topics } = deeds.encodeEventLog('CohortMinted', [0, xs, commitments]);
    const place = { blockNumber: '0x5', blockHash: hex(5), transactionHash: hex(6), logIndex: '0x0' };
    return { address: north.deedRegistry, topics, data, ...place };
  }

  private enrol({ enrolment, signature }: { enrolment: Enrolment; signature: string }) {
    if (!isEnrolmentSigned(enrolment as Enrolment, signature)) throw new Error('not signed');
    const ageRecipient = enrolment.ageRecipient as age.Recipient;
    const metaAddress = formatMetaAddress({
      spendingKey: pointFromHex(enrolment.spendingKey, 'spendingKey'),
      viewingKey: pointFromHex(enrolment.viewingKey, 'viewingKey'),
    });
    this.minted = mint({ metaAddress, ageRecipient });
    this.request = request({ period: { start: now(), end: now() + 3600 }, requestExpires: now() + 3600 });
    return { patientId: this.patientId, clientId: 'wallet-1' };
  }

  private parameters(): WalletParameters {
    const revocationUrls = [`${this.url}/bridge`];
    return { ...parameters, homeUid, hubUid, homeTime: now(), revocationUrls };
  }

  private consent(consent: Consent) {
    this.consents.push(consent);
    return { grantId: grantIdOf(homeUid, consent.grant) };
  }

  private revoke(statement: Statement) {
    this.revocations.push(statement);
    const [first, ...others] = storemanKeys.slice(0, 3).map((secret, at) => {
      const answer = { grantId: statement.grantId, action: 'revoke', verdict: 'revoked' } as const;
      const signature = signDigest(secret, answerDigest(hubUid, answer));
      return { from: `storeman-${at + 1}`, answer: { ...answer, signature } };
    });
    return { ...first, forwarded: others };
  }
}

function batch(text: string, call: (method: string, params: readonly unknown[]) => unknown): unknown {
  type Call = { id: number; method: string; params: unknown[] };
  const calls = JSON.parse(text) as Call | Call[];
  const answer = ({ id, method, params }: Call) => ({ jsonrpc: '2.0', id, result: call(method, params) });
  return Array.isArray(calls) ? calls.map(answer) : answer(calls);
}

const now = (): number => Math.floor(Date.now() / 1000);
const quantity = (value: number): string => `0x${value.toString(16)}`;
