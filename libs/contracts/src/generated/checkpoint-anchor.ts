// Generated from contracts/CheckpointAnchor.sol by scripts/generate.mjs. Do not edit.
import { AbiCodec, Binding, type AbiEntry, type BlockTag, type CallRunner, type LogData } from '../binding.js';
import type { Hex } from '../hex.js';
import { enums } from './enums.js';
import type { AnchorStruct } from './structs.js';

const abi: AbiEntry[] = [{"inputs":[],"name":"EmptyOrigin","type":"error"},{"inputs":[{"internalType":"address","name":"account","type":"address"}],"name":"NotOriginAccount","type":"error"},{"inputs":[{"internalType":"uint64","name":"size","type":"uint64"},{"internalType":"bytes32","name":"anchored","type":"bytes32"},{"internalType":"bytes32","name":"root","type":"bytes32"}],"name":"RootChanges","type":"error"},{"inputs":[{"internalType":"uint64","name":"anchored","type":"uint64"},{"internalType":"uint64","name":"size","type":"uint64"}],"name":"SizeShrinks","type":"error"},{"inputs":[],"name":"ZeroRoot","type":"error"},{"anonymous":false,"inputs":[{"indexed":true,"internalType":"bytes32","name":"originHash","type":"bytes32"},{"indexed":true,"internalType":"address","name":"account","type":"address"},{"indexed":true,"internalType":"uint64","name":"size","type":"uint64"},{"indexed":false,"internalType":"bytes32","name":"root","type":"bytes32"},{"indexed":false,"internalType":"string","name":"origin","type":"string"}],"name":"Anchored","type":"event"},{"inputs":[{"internalType":"string","name":"origin","type":"string"},{"internalType":"uint64","name":"size","type":"uint64"},{"internalType":"bytes32","name":"root","type":"bytes32"}],"name":"anchor","outputs":[],"stateMutability":"nonpayable","type":"function"},{"inputs":[{"internalType":"string","name":"origin","type":"string"}],"name":"last","outputs":[{"components":[{"internalType":"uint64","name":"size","type":"uint64"},{"internalType":"bytes32","name":"root","type":"bytes32"},{"internalType":"address","name":"account","type":"address"},{"internalType":"uint64","name":"anchoredAt","type":"uint64"}],"internalType":"struct ICheckpointAnchor.Anchor","name":"","type":"tuple"}],"stateMutability":"view","type":"function"}];

/** Creation code without constructor arguments. */
export const checkpointAnchorBytecode: Hex = '0x6080604052348015600f57600080fd5b5061060d8061001f6000396000f3fe608060405234801561001057600080fd5b50600436106100365760003560e01c80632bfc79631461003b578063d0ee1f22146100b9575b600080fd5b61004e6100493660046104fd565b6100ce565b6040516100b09190600060808201905067ffffffffffffffff83511682526020830151602083015273ffffffffffffffffffffffffffffffffffffffff604084015116604083015267ffffffffffffffff606084015116606083015292915050565b60405180910390f35b6100cc6100c736600461053f565b610191565b005b60408051608081018252600080825260208201819052918101829052606081019190915260008084846040516101059291906105a9565b604080519182900390912082526020808301939093529081016000208151608081018352815467ffffffffffffffff908116825260018301549482019490945260029091015473ffffffffffffffffffffffffffffffffffffffff8116928201929092527401000000000000000000000000000000000000000090910490911660608201529392505050565b60008390036101cc576040517f3396161a00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b6000819003610207576040517fb263ae7300000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b600084846040516102199291906105a9565b604080519182900390912060008181526020819052919091206001810154919250901561039057600281015473ffffffffffffffffffffffffffffffffffffffff1633146102b65760028101546040517fcc5ff03c00000000000000000000000000000000000000000000000000000000815273ffffffffffffffffffffffffffffffffffffffff90911660048201526024015b60405180910390fd5b805467ffffffffffffffff90811690851610156103165780546040517fbc82fa6b00000000000000000000000000000000000000000000000000000000815267ffffffffffffffff918216600482015290851660248201526044016102ad565b805467ffffffffffffffff9081169085160361039057806001015483146103895760018101546040517f1aaaca6500000000000000000000000000000000000000000000000000000000815267ffffffffffffffff861660048201526024810191909152604481018490526064016102ad565b50506104ae565b6040805160808101825267ffffffffffffffff8087168083526020808401888152338587018181524286166060880190815260008b81529485905293889020965187549087167fffffffffffffffffffffffffffffffffffffffffffffffff000000000000000090911617875591516001870155905160029095018054925190941674010000000000000000000000000000000000000000027fffffffff0000000000000000000000000000000000000000000000000000000090921673ffffffffffffffffffffffffffffffffffffffff959095169490941717909155915184907f54273305b2a9323b06aa721a041d2ba5aa1be1690b10b7176fc350fc05775327906104a39088908c908c906105b9565b60405180910390a450505b50505050565b60008083601f8401126104c657600080fd5b50813567ffffffffffffffff8111156104de57600080fd5b6020830191508360208285010111156104f657600080fd5b9250929050565b6000806020838503121561051057600080fd5b823567ffffffffffffffff81111561052757600080fd5b610533858286016104b4565b90969095509350505050565b6000806000806060858703121561055557600080fd5b843567ffffffffffffffff81111561056c57600080fd5b610578878288016104b4565b909550935050602085013567ffffffffffffffff8116811461059957600080fd5b9396929550929360400135925050565b8183823760009101908152919050565b83815260406020820152816040820152818360608301376000818301606090810191909152601f9092017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe01601019291505056';

export type CheckpointAnchorEvent = 
  | { name: 'Anchored'; args: { originHash: string; account: string; size: bigint; root: string; origin: string } };

export type CheckpointAnchorError = 
  | { name: 'EmptyOrigin'; args: Record<string, never> }
  | { name: 'NotOriginAccount'; args: { account: string } }
  | { name: 'RootChanges'; args: { size: bigint; anchored: string; root: string } }
  | { name: 'SizeShrinks'; args: { anchored: bigint; size: bigint } }
  | { name: 'ZeroRoot'; args: Record<string, never> };

const codec = new AbiCodec(abi, enums);

/** Typed door of contracts/CheckpointAnchor.sol. Reads are methods; what is sent is made by `calldata`. */
export class CheckpointAnchor extends Binding {
  static readonly abi = abi;
  /** First topic of each event. */
  static readonly topics = codec.topics as Readonly<Record<CheckpointAnchorEvent['name'], Hex>>;
  static readonly calldata = {
    anchor: (origin: string, size: bigint | number, root: string): Hex => codec.call('anchor', [origin, size, root]),
  };

  constructor(address: string, runner: CallRunner) {
    super(address, runner, codec);
  }

  /** Creation code with its arguments: the data of the deploying transaction. */
  static deployData(): Hex {
    return codec.deploy(checkpointAnchorBytecode, []);
  }

  /** The event in a log, or undefined when it is none of this contract's. The caller checks the log's address. */
  static decodeLog(log: LogData): CheckpointAnchorEvent | undefined {
    return codec.log(log) as CheckpointAnchorEvent | undefined;
  }

  /** The custom error in revert data, or undefined when it is none of this contract's. */
  static decodeError(data: string): CheckpointAnchorError | undefined {
    return codec.error(data) as CheckpointAnchorError | undefined;
  }

  last(origin: string, blockTag?: BlockTag): Promise<AnchorStruct> {
    return this.read('last', [origin], blockTag);
  }
}
