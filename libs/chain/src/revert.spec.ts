import { Interface } from 'ethers';
import { revertOf } from './revert.js';
import { RpcRefused, RpcUnreachable } from './rpc.js';

const abi = new Interface(['error Taken(uint256 tag)']);
const bytes = abi.encodeErrorResult('Taken', [7]);
const of = (code: number, message: string, data?: unknown) =>
  revertOf(new RpcRefused('node', 'eth_estimateGas', { code, message, data }), [abi]);

describe('a revert', () => {
  it.each([
    ['geth', 3, 'execution reverted', bytes],
    ['besu', -32000, 'Execution reverted', bytes],
    ['Nethermind', -32015, 'VM execution error.', `Reverted ${bytes}`],
    ['hardhat', -32603, 'Error: VM Exception while processing transaction', { data: bytes }],
    ['hardhat, one level deeper', -32603, 'Internal JSON-RPC error.', { data: { data: bytes } }],
  ])('is read by name from the bytes of %s', (_, code, message, data) => {
    expect(of(code, message, data)).toMatchObject({ name: 'Taken', args: { tag: '7' } });
  });

  it.each([
    ['geth', 3, 'execution reverted', undefined],
    ['anvil', 3, 'execution reverted', '0x'],
    ['besu', -32000, 'Execution reverted', null],
    ['Nethermind', -32015, 'VM execution error.', undefined],
    ['Parity', -32015, 'VM execution error.', 'Bad instruction fe'],
    ['ganache', -32000, 'VM Exception while processing transaction: invalid opcode', undefined],
    ['an assertion of old Solidity', -32000, 'invalid opcode: INVALID', undefined],
    ['a call that no gas suffices for', -32000, 'gas required exceeds allowance (30000000)', undefined],
  ])('is known without bytes by the code or the words of %s', (_, code, message, data) => {
    expect(of(code, message, data)).toEqual({ name: 'unknown', args: {}, selector: '0x' });
  });

  it.each([
    [-32000, 'header not found'],
    [-32000, 'insufficient funds for gas * price + value'],
    [-32005, 'daily request count exceeded'],
    [-32601, 'the method eth_estimateGas does not exist'],
    [-32603, 'internal error'],
  ])('is not what a node says of itself: %s %s', (code, message) => {
    expect(of(code, message)).toBeNull();
  });

  it('is not a silence, nor anything that is no answer', () => {
    expect(revertOf(new RpcUnreachable('node', 'eth_call', new Error('revert')), [abi])).toBeNull();
    expect(revertOf(new Error('execution reverted'), [abi])).toBeNull();
  });
});
