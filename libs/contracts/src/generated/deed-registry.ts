// Generated from contracts/DeedRegistry.sol by scripts/generate.mjs. Do not edit.
import { AbiCodec, Binding, type AbiEntry, type BlockTag, type CallRunner, type LogData } from '../binding.js';
import type { Hex } from '../hex.js';
import { enums } from './enums.js';

const abi: AbiEntry[] = [{"inputs":[{"internalType":"bytes32","name":"chainUid_","type":"bytes32"},{"internalType":"address","name":"registrar_","type":"address"}],"stateMutability":"nonpayable","type":"constructor"},{"inputs":[{"internalType":"uint256","name":"place","type":"uint256"}],"name":"BadDeedKey","type":"error"},{"inputs":[{"internalType":"uint256","name":"place","type":"uint256"}],"name":"NotAscending","type":"error"},{"inputs":[{"internalType":"address","name":"sender","type":"address"}],"name":"NotRegistrar","type":"error"},{"inputs":[{"internalType":"bytes32","name":"xsHash","type":"bytes32"}],"name":"RingMinted","type":"error"},{"inputs":[],"name":"ZeroArgument","type":"error"},{"inputs":[{"internalType":"uint256","name":"place","type":"uint256"}],"name":"ZeroCommitment","type":"error"},{"anonymous":false,"inputs":[{"indexed":true,"internalType":"uint256","name":"cohort","type":"uint256"},{"indexed":false,"internalType":"uint256[16]","name":"xs","type":"uint256[16]"},{"indexed":false,"internalType":"bytes32[16]","name":"commitments","type":"bytes32[16]"}],"name":"CohortMinted","type":"event"},{"inputs":[],"name":"chainUid","outputs":[{"internalType":"bytes32","name":"","type":"bytes32"}],"stateMutability":"view","type":"function"},{"inputs":[{"internalType":"uint256","name":"cohort","type":"uint256"}],"name":"cohortHash","outputs":[{"internalType":"bytes32","name":"","type":"bytes32"}],"stateMutability":"view","type":"function"},{"inputs":[],"name":"cohorts","outputs":[{"internalType":"uint256","name":"","type":"uint256"}],"stateMutability":"view","type":"function"},{"inputs":[{"internalType":"uint256[16]","name":"xs","type":"uint256[16]"},{"internalType":"uint256[16]","name":"ys","type":"uint256[16]"},{"internalType":"bytes32[16]","name":"commitments","type":"bytes32[16]"}],"name":"mint","outputs":[{"internalType":"uint256","name":"cohort","type":"uint256"}],"stateMutability":"nonpayable","type":"function"},{"inputs":[],"name":"registrar","outputs":[{"internalType":"address","name":"","type":"address"}],"stateMutability":"view","type":"function"}];

/** Creation code without constructor arguments. */
export const deedRegistryBytecode: Hex = '0x60c060405234801561001057600080fd5b5060405161072c38038061072c83398101604081905261002f91610078565b81158061004357506001600160a01b038116155b156100615760405163b7852ebb60e01b815260040160405180910390fd5b6080919091526001600160a01b031660a0526100b5565b6000806040838503121561008b57600080fd5b825160208401519092506001600160a01b03811681146100aa57600080fd5b809150509250929050565b60805160a05161064d6100df60003960008181607101526101480152600060f0015261064d6000f3fe608060405234801561001057600080fd5b50600436106100675760003560e01c8063860b26d911610050578063860b26d9146100eb57806388e84dd314610112578063b17148941461012557600080fd5b80632b20e3971461006c5780633f5d17fe146100bd575b600080fd5b6100937f000000000000000000000000000000000000000000000000000000000000000081565b60405173ffffffffffffffffffffffffffffffffffffffff90911681526020015b60405180910390f35b6100dd6100cb366004610520565b60016020526000908152604090205481565b6040519081526020016100b4565b6100dd7f000000000000000000000000000000000000000000000000000000000000000081565b6100dd61012036600461054b565b61012e565b6100dd60005481565b60003373ffffffffffffffffffffffffffffffffffffffff7f000000000000000000000000000000000000000000000000000000000000000016146101a6576040517f53ac4f070000000000000000000000000000000000000000000000000000000081523360048201526024015b60405180910390fd5b6000805b60108110156103115760008682601081106101c7576101c7610594565b6020020135905082811161020a576040517f0d4d9b810000000000000000000000000000000000000000000000000000000081526004810183905260240161019d565b7ffffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036414181101580610252575085826010811061024657610246610594565b60200201356001166001145b8061027a57506102788187846010811061026e5761026e610594565b60200201356104ba565b155b156102b4576040517f71c67f530000000000000000000000000000000000000000000000000000000081526004810183905260240161019d565b8482601081106102c6576102c6610594565b6020020135600003610307576040517f6a9d4e7e0000000000000000000000000000000000000000000000000000000081526004810183905260240161019d565b91506001016101aa565b5060008560405160200161032591906105c3565b604080517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe081840301815291815281516020928301206000818152600290935291205490915060ff16156103a8576040517f8621bf810000000000000000000000000000000000000000000000000000000081526004810182905260240161019d565b600081815260026020526040812080547fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff00166001179055805490806103ec836105d2565b919050559250808460405160200161040491906105c3565b60405160208183030381529060405280519060200120604051602001610434929190918252602082015260400190565b604080517fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe08184030181528282528051602091820120600087815260019092529190205583907f6819a9e25140ade9d44780d90c7f0891935e36edb17ddcbe1eb71b862c1ef9bb906104a99089908890610631565b60405180910390a250509392505050565b60006401000003d019831080156104d657506401000003d01982105b80156104f257506104e6836104fb565b6401000003d019838409145b90505b92915050565b60006401000003d01960076401000003d019846401000003d019868709090892915050565b60006020828403121561053257600080fd5b5035919050565b8061020081018310156104f557600080fd5b6000806000610600848603121561056157600080fd5b61056b8585610539565b925061057b856102008601610539565b915061058b856104008601610539565b90509250925092565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052603260045260246000fd5b61020082823761020001919050565b60007fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff820361062a577f4e487b7100000000000000000000000000000000000000000000000000000000600052601160045260246000fd5b5060010190565b610400810161020084833761020083610200840137939250505056';

export type DeedRegistryEvent = 
  | { name: 'CohortMinted'; args: { cohort: bigint; xs: readonly bigint[]; commitments: readonly string[] } };

export type DeedRegistryError = 
  | { name: 'BadDeedKey'; args: { place: bigint } }
  | { name: 'NotAscending'; args: { place: bigint } }
  | { name: 'NotRegistrar'; args: { sender: string } }
  | { name: 'RingMinted'; args: { xsHash: string } }
  | { name: 'ZeroArgument'; args: Record<string, never> }
  | { name: 'ZeroCommitment'; args: { place: bigint } };

const codec = new AbiCodec(abi, enums);

/** Typed door of contracts/DeedRegistry.sol. Reads are methods; what is sent is made by `calldata`. */
export class DeedRegistry extends Binding {
  static readonly abi = abi;
  /** First topic of each event. */
  static readonly topics = codec.topics as Readonly<Record<DeedRegistryEvent['name'], Hex>>;
  static readonly calldata = {
    mint: (xs: readonly bigint[], ys: readonly bigint[], commitments: readonly string[]): Hex => codec.call('mint', [xs, ys, commitments]),
  };

  constructor(address: string, runner: CallRunner) {
    super(address, runner, codec);
  }

  /** Creation code with its arguments: the data of the deploying transaction. */
  static deployData(chainUid_: string, registrar_: string): Hex {
    return codec.deploy(deedRegistryBytecode, [chainUid_, registrar_]);
  }

  /** The event in a log, or undefined when it is none of this contract's. The caller checks the log's address. */
  static decodeLog(log: LogData): DeedRegistryEvent | undefined {
    return codec.log(log) as DeedRegistryEvent | undefined;
  }

  /** The custom error in revert data, or undefined when it is none of this contract's. */
  static decodeError(data: string): DeedRegistryError | undefined {
    return codec.error(data) as DeedRegistryError | undefined;
  }

  chainUid(blockTag?: BlockTag): Promise<string> {
    return this.read('chainUid', [], blockTag);
  }

  cohortHash(cohort: bigint | number, blockTag?: BlockTag): Promise<string> {
    return this.read('cohortHash', [cohort], blockTag);
  }

  cohorts(blockTag?: BlockTag): Promise<bigint> {
    return this.read('cohorts', [], blockTag);
  }

  registrar(blockTag?: BlockTag): Promise<string> {
    return this.read('registrar', [], blockTag);
  }
}
