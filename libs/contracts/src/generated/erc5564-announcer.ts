// Generated from contracts/ERC5564Announcer.sol by scripts/generate.mjs. Do not edit.
import { AbiCodec, Binding, type AbiEntry, type CallRunner, type LogData } from '../binding.js';
import type { Hex } from '../hex.js';
import { enums } from './enums.js';

const abi: AbiEntry[] = [{"anonymous":false,"inputs":[{"indexed":true,"internalType":"uint256","name":"schemeId","type":"uint256"},{"indexed":true,"internalType":"address","name":"stealthAddress","type":"address"},{"indexed":true,"internalType":"address","name":"caller","type":"address"},{"indexed":false,"internalType":"bytes","name":"ephemeralPubKey","type":"bytes"},{"indexed":false,"internalType":"bytes","name":"metadata","type":"bytes"}],"name":"Announcement","type":"event"},{"inputs":[{"internalType":"uint256","name":"schemeId","type":"uint256"},{"internalType":"address","name":"stealthAddress","type":"address"},{"internalType":"bytes","name":"ephemeralPubKey","type":"bytes"},{"internalType":"bytes","name":"metadata","type":"bytes"}],"name":"announce","outputs":[],"stateMutability":"nonpayable","type":"function"}];

/** Creation code without constructor arguments. */
export const erc5564AnnouncerBytecode: Hex = '0x6080604052348015600f57600080fd5b506102de8061001f6000396000f3fe608060405234801561001057600080fd5b506004361061002b5760003560e01c80634d1f958314610030575b600080fd5b61004361003e3660046101ae565b610045565b005b3373ffffffffffffffffffffffffffffffffffffffff168373ffffffffffffffffffffffffffffffffffffffff16857f5f0eab8057630ba7676c49b4f21a0231414e79474595be8e4c432fbf6bf0f4e785856040516100a59291906102b0565b60405180910390a450505050565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052604160045260246000fd5b600082601f8301126100f357600080fd5b813567ffffffffffffffff81111561010d5761010d6100b3565b6040517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0603f7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f8501160116810181811067ffffffffffffffff82111715610179576101796100b3565b60405281815283820160200185101561019157600080fd5b816020850160208301376000918101602001919091529392505050565b600080600080608085870312156101c457600080fd5b84359350602085013573ffffffffffffffffffffffffffffffffffffffff811681146101ef57600080fd5b9250604085013567ffffffffffffffff81111561020b57600080fd5b610217878288016100e2565b925050606085013567ffffffffffffffff81111561023457600080fd5b610240878288016100e2565b91505092959194509250565b6000815180845260005b8181101561027257602081850181015186830182015201610256565b5060006020828601015260207fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0601f83011685010191505092915050565b6040815260006102c3604083018561024c565b82810360208401526102d5818561024c565b9594505050505056';

export type ERC5564AnnouncerEvent = 
  | { name: 'Announcement'; args: { schemeId: bigint; stealthAddress: string; caller: string; ephemeralPubKey: string; metadata: string } };

export type ERC5564AnnouncerError = never;

const codec = new AbiCodec(abi, enums);

/** Typed door of contracts/ERC5564Announcer.sol. Reads are methods; what is sent is made by `calldata`. */
export class ERC5564Announcer extends Binding {
  static readonly abi = abi;
  /** First topic of each event. */
  static readonly topics = codec.topics as Readonly<Record<ERC5564AnnouncerEvent['name'], Hex>>;
  static readonly calldata = {
    announce: (schemeId: bigint | number, stealthAddress: string, ephemeralPubKey: string, metadata: string): Hex => codec.call('announce', [schemeId, stealthAddress, ephemeralPubKey, metadata]),
  };

  constructor(address: string, runner: CallRunner) {
    super(address, runner, codec);
  }

  /** Creation code with its arguments: the data of the deploying transaction. */
  static deployData(): Hex {
    return codec.deploy(erc5564AnnouncerBytecode, []);
  }

  /** The event in a log, or undefined when it is none of this contract's. The caller checks the log's address. */
  static decodeLog(log: LogData): ERC5564AnnouncerEvent | undefined {
    return codec.log(log) as ERC5564AnnouncerEvent | undefined;
  }

  /** The custom error in revert data, or undefined when it is none of this contract's. */
  static decodeError(data: string): ERC5564AnnouncerError | undefined {
    return codec.error(data) as ERC5564AnnouncerError | undefined;
  }


}
