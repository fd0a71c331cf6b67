/** Base of the generated wrappers: encodes by ABI, decodes into plain objects, reads through a provider. */

import { Interface, type BlockTag, type EventFragment, type InterfaceAbi } from 'ethers';
import type { Hex } from './hex.js';

export type { BlockTag };

/** An input, output or struct member of an ABI. */
export interface AbiParameter {
  name: string;
  type: string;
  internalType?: string;
  components?: AbiParameter[];
  indexed?: boolean;
}

/** One entry of a Solidity ABI as the compiler writes it. */
export interface AbiEntry {
  type: string;
  name?: string;
  inputs?: AbiParameter[];
  outputs?: AbiParameter[];
  stateMutability?: string;
  anonymous?: boolean;
}

/** Answers eth_call: an ethers provider, or a reader that pins the block. */
export interface CallRunner {
  call(transaction: { to: string; data: string; blockTag?: BlockTag }): Promise<string>;
}

/** Topics and data of a log, from a receipt or from eth_getLogs. */
export interface LogData {
  topics: readonly string[];
  data: string;
}

/** A decoded event or custom error. Structs are objects, enums are their members' names, integers are bigints. */
export interface Decoded {
  name: string;
  args: Record<string, unknown>;
}

/** Encodes and decodes by one contract's ABI. */
export class AbiCodec {
  readonly #interface: Interface;
  readonly #entries = new Map<string, AbiEntry>();
  /** Events by first topic, since ethers hashes every event's signature to find one. */
  readonly #events = new Map<string, EventFragment>();
  /** First topic by event name. */
  readonly topics: Record<string, Hex> = {};

  constructor(
    abi: readonly AbiEntry[],
    private readonly enums: Record<string, readonly string[]>,
  ) {
    this.#interface = new Interface(abi as InterfaceAbi);
    for (const entry of abi) this.#entries.set(`${entry.type} ${entry.name ?? ''}`, entry);
    this.#interface.forEachEvent((event) => {
      const topic = event.topicHash as Hex;
      this.topics[event.name] = topic;
      this.#events.set(topic, event);
    });
  }

  /** Calldata of a function. */
  call(name: string, args: readonly unknown[]): Hex {
    const inputs = this.#entry('function', name).inputs ?? [];
    return this.#interface.encodeFunctionData(name, this.#numbers(inputs, args)) as Hex;
  }

  /** Creation code followed by the constructor's arguments. */
  deploy(bytecode: Hex, args: readonly unknown[]): Hex {
    const inputs = this.#entries.get('constructor ')?.inputs ?? [];
    return `${bytecode}${this.#interface.encodeDeploy(this.#numbers(inputs, args)).slice(2)}`;
  }

  /** Decodes a function's answer: its only output, or an object of its named outputs. */
  result(name: string, data: string): unknown {
    const outputs = this.#entry('function', name).outputs ?? [];
    const values = this.#interface.decodeFunctionResult(name, data);
    if (outputs.length === 1) return this.#plain(outputs[0]!, values[0]);
    return this.#object(outputs, [...values]);
  }

  /** The event of a log; undefined for a topic that this ABI does not know. */
  log(log: LogData): Decoded | undefined {
    const event = this.#events.get(log.topics[0] ?? '');
    if (event === undefined) return undefined;
    const args = this.#interface.decodeEventLog(event, log.data, log.topics);
    return { name: event.name, args: this.#object(this.#entry('event', event.name).inputs ?? [], [...args]) };
  }

  /** The custom error of revert data; undefined for a selector that this ABI does not know. */
  error(data: string): Decoded | undefined {
    const parsed = this.#interface.parseError(data);
    const entry = parsed === null ? undefined : this.#entries.get(`error ${parsed.name}`);
    if (parsed === null || entry === undefined) return undefined;
    return { name: parsed.name, args: this.#object(entry.inputs ?? [], [...parsed.args]) };
  }

  #entry(type: string, name: string): AbiEntry {
    const entry = this.#entries.get(`${type} ${name}`);
    if (entry === undefined) throw new Error(`the ABI has no ${type} ${name}`);
    return entry;
  }

  #object(params: readonly AbiParameter[], values: readonly unknown[]): Record<string, unknown> {
    return Object.fromEntries(params.map((param, i) => [param.name || `arg${i}`, this.#plain(param, values[i])]));
  }

  /** Turns an ethers result into plain values. */
  #plain(param: AbiParameter, value: unknown): unknown {
    const element = elementOf(param);
    if (element !== undefined) return [...(value as Iterable<unknown>)].map((item) => this.#plain(element, item));
    if (param.components !== undefined) return this.#object(param.components, [...(value as Iterable<unknown>)]);
    const members = this.#members(param);
    return members === undefined ? value : members[Number(value)];
  }

  /** Turns arguments into those that ethers takes: enum members become their numbers. */
  #numbers(params: readonly AbiParameter[], values: readonly unknown[]): unknown[] {
    return params.map((param, i) => this.#raw(param, values[i]));
  }

  #raw(param: AbiParameter, value: unknown): unknown {
    const element = elementOf(param);
    if (element !== undefined) return [...(value as Iterable<unknown>)].map((item) => this.#raw(element, item));
    if (param.components !== undefined) {
      const record = value as Record<string, unknown>;
      return param.components.map((part) => this.#raw(part, record[part.name]));
    }
    const members = this.#members(param);
    if (members === undefined) return value;
    const index = members.indexOf(String(value));
    if (index < 0) throw new TypeError(`${param.name}: ${String(value)} is none of ${members.join(', ')}`);
    return index;
  }

  #members(param: AbiParameter): readonly string[] | undefined {
    return param.internalType?.startsWith('enum ') ? this.enums[param.internalType.slice(5)] : undefined;
  }
}

/** The element of an array parameter; undefined for anything else. */
function elementOf(param: AbiParameter): AbiParameter | undefined {
  const match = /^(.*)\[\d*\]$/.exec(param.type);
  if (match === null) return undefined;
  const element: AbiParameter = { ...param, type: match[1]! };
  if (param.internalType !== undefined) element.internalType = param.internalType.replace(/\[\d*\]$/, '');
  return element;
}

/** A contract at an address, read through `runner`. */
export class Binding {
  constructor(
    readonly address: string,
    private readonly runner: CallRunner,
    private readonly codec: AbiCodec,
  ) {}

  protected async read<T>(name: string, args: readonly unknown[], blockTag?: BlockTag): Promise<T> {
    const data = this.codec.call(name, args);
    const answer = await this.runner.call({ to: this.address, data, ...(blockTag === undefined ? {} : { blockTag }) });
    return this.codec.result(name, answer) as T;
  }
}
