// Generated from contracts/CheckpointAnchor.sol by scripts/generate.mjs. Do not edit.
import { AbiCodec, Binding, type AbiEntry, type BlockTag, type CallRunner, type LogData } from '../binding.js';
import type { Hex } from '../hex.js';
import { enums } from './enums.js';
import type { AnchorStruct } from './structs.js';

const abi: AbiEntry[] = [{"inputs":[],"name":"EmptyOrigin","type":"error"},{"inputs":[{"internalType":"uint64","name":"size","type":"uint64"},{"internalType":"bytes32","name":"anchored","type":"bytes32"},{"internalType":"bytes32","name":"root","type":"bytes32"}],"name":"RootChanges","type":"error"},{"inputs":[{"internalType":"uint64","name":"anchored","type":"uint64"},{"internalType":"uint64","name":"size","type":"uint64"}],"name":"SizeShrinks","type":"error"},{"inputs":[],"name":"ZeroRoot","type":"error"},{"anonymous":false,"inputs":[{"indexed":true,"internalType":"bytes32","name":"originHash","type":"bytes32"},{"indexed":true,"internalType":"address","name":"account","type":"address"},{"indexed":true,"internalType":"uint64","name":"size","type":"uint64"},{"indexed":false,"internalType":"bytes32","name":"root","type":"bytes32"},{"indexed":false,"internalType":"string","name":"origin","type":"string"}],"name":"Anchored","type":"event"},{"inputs":[{"internalType":"string","name":"origin","type":"string"},{"internalType":"uint64","name":"size","type":"uint64"},{"internalType":"bytes32","name":"root","type":"bytes32"}],"name":"anchor","outputs":[],"stateMutability":"nonpayable","type":"function"},{"inputs":[{"internalType":"address","name":"account","type":"address"},{"internalType":"string","name":"origin","type":"string"}],"name":"last","outputs":[{"components":[{"internalType":"uint64","name":"size","type":"uint64"},{"internalType":"uint64","name":"anchoredAt","type":"uint64"},{"internalType":"bytes32","name":"root","type":"bytes32"}],"internalType":"struct ICheckpointAnchor.Anchor","name":"","type":"tuple"}],"stateMutability":"view","type":"function"}];

/** Creation code without constructor arguments. */
export const checkpointAnchorBytecode: Hex = '0x6080604052348015600f57600080fd5b506105328061001f6000396000f3fe608060405234801561001057600080fd5b50600436106100365760003560e01c8063d0ee1f221461003b578063de75e14014610050575b600080fd5b61004e6100493660046103f6565b610098565b005b61006361005e366004610460565b610306565b60408051825167ffffffffffffffff908116825260208085015190911690820152918101519082015260600160405180910390f35b60008390036100d3576040517f3396161a00000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b600081900361010e576040517fb263ae7300000000000000000000000000000000000000000000000000000000815260040160405180910390fd5b600084846040516101209291906104ce565b604080519182900390912033600090815260208181528382208383529052919091206001810154919250901561022f57805467ffffffffffffffff90811690851610156101b55780546040517fbc82fa6b00000000000000000000000000000000000000000000000000000000815267ffffffffffffffff918216600482015290851660248201526044015b60405180910390fd5b805467ffffffffffffffff9081169085160361022f57806001015483146102285760018101546040517f1aaaca6500000000000000000000000000000000000000000000000000000000815267ffffffffffffffff861660048201526024810191909152604481018490526064016101ac565b5050610300565b6040805160608101825267ffffffffffffffff80871680835242821660208085019182528486018981523360008181528084528881208b825290935291879020955186549351861668010000000000000000027fffffffffffffffffffffffffffffffff000000000000000000000000000000009094169516949094179190911784559151600190930192909255915190919084907f54273305b2a9323b06aa721a041d2ba5aa1be1690b10b7176fc350fc05775327906102f59088908c908c906104de565b60405180910390a450505b50505050565b604080516060810182526000808252602080830182905282840182905273ffffffffffffffffffffffffffffffffffffffff87168252819052828120925191929161035490869086906104ce565b604080519182900390912082526020808301939093529081016000208151606081018352815467ffffffffffffffff80821683526801000000000000000090910416938101939093526001015490820152949350505050565b60008083601f8401126103bf57600080fd5b50813567ffffffffffffffff8111156103d757600080fd5b6020830191508360208285010111156103ef57600080fd5b9250929050565b6000806000806060858703121561040c57600080fd5b843567ffffffffffffffff81111561042357600080fd5b61042f878288016103ad565b909550935050602085013567ffffffffffffffff8116811461045057600080fd5b9396929550929360400135925050565b60008060006040848603121561047557600080fd5b833573ffffffffffffffffffffffffffffffffffffffff8116811461049957600080fd5b9250602084013567ffffffffffffffff8111156104b557600080fd5b6104c1868287016103ad565b9497909650939450505050565b8183823760009101908152919050565b83815260406020820152816040820152818360608301376000818301606090810191909152601f9092017fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe01601019291505056';

export type CheckpointAnchorEvent = 
  | { name: 'Anchored'; args: { originHash: string; account: string; size: bigint; root: string; origin: string } };

export type CheckpointAnchorError = 
  | { name: 'EmptyOrigin'; args: Record<string, never> }
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

  last(account: string, origin: string, blockTag?: BlockTag): Promise<AnchorStruct> {
    return this.read('last', [account, origin], blockTag);
  }
}
