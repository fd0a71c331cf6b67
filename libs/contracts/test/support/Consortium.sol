// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainRegistry} from "../../contracts/ChainRegistry.sol";
import {IChainRegistry} from "../../contracts/interfaces/IChainRegistry.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {Test} from "./Test.sol";

/// @dev Three owners, two needed, and what tests need of chains and members.
abstract contract Consortium is Test {
    address internal constant NORTH = address(0xA1);
    address internal constant SOUTH = address(0xA2);
    address internal constant HUB = address(0xA3);
    bytes32 internal constant NORTH_UID = bytes32(uint256(0x11));

    /// @dev The base point of P-256.
    bytes internal constant HPKE_KEY =
        hex"046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

    ChainRegistry internal registry;

    function owners() internal pure returns (address[] memory list) {
        list = new address[](3);
        (list[0], list[1], list[2]) = (NORTH, SOUTH, HUB);
    }

    function hospital(string memory name, address admin) internal pure returns (IChainRegistry.Chain memory) {
        return IChainRegistry.Chain({
            name: name,
            finality: IChainRegistry.Finality.Depth,
            depth: 2,
            blockSeconds: 1,
            maxHeadAge: 10,
            w: 10,
            admin: admin,
            logAccount: address(0x99),
            messageKey: address(0x77),
            hpkeKey: HPKE_KEY,
            exchangeUrl: "https://north.example/exchange"
        });
    }

    /// @dev Two owners send the same call.
    function byTwoOwners(address target, bytes memory call) internal {
        vm.prank(NORTH);
        mustCall(target, call);
        vm.prank(HUB);
        mustCall(target, call);
    }

    function mustCall(address target, bytes memory call) internal {
        (bool ok, bytes memory data) = target.call(call);
        if (!ok) {
            assembly {
                revert(add(data, 0x20), mload(data))
            }
        }
    }

    function admit(address roleContract, string memory name, address account) internal {
        address messageKey = address(uint160(uint256(keccak256(abi.encode(account)))));
        byTwoOwners(roleContract, abi.encodeCall(IMembers.admit, (name, account, messageKey, HPKE_KEY)));
    }

    function admitBonded(address roleContract, string memory name, address account) internal {
        admit(roleContract, name, account);
        vm.deal(address(this), 1 ether);
        IMembers(roleContract).bond{value: 1 ether}(account);
    }

    function code(uint256 n) internal pure returns (IChainRegistry.Code memory) {
        return IChainRegistry.Code(address(uint160(n)), bytes32(n));
    }

    function transferContracts(uint256 n) internal pure returns (IChainRegistry.TransferContracts memory) {
        return IChainRegistry.TransferContracts(code(n), code(n + 1), bytes32(uint256(5)), bytes32(uint256(6)));
    }
}
