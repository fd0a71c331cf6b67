// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyRegistry} from "../contracts/KeyRegistry.sol";
import {IKeyRegistry} from "../contracts/interfaces/IKeyRegistry.sol";
import {Test} from "./support/Test.sol";

contract KeyRegistryTest is Test {
    KeyRegistry private keys = new KeyRegistry(bytes32(uint256(1)), address(this));

    function test_Constructor_refusesZeros() public {
        expectError(abi.encodeWithSelector(IKeyRegistry.BadArgument.selector));
        new KeyRegistry(0, address(this));
        expectError(abi.encodeWithSelector(IKeyRegistry.BadArgument.selector));
        new KeyRegistry(bytes32(uint256(1)), address(0));
    }

    function test_Add_andRetireKeepTheHistory() public {
        vm.warp(100);
        bytes32 id = keccak256(abi.encode("message", bytes(hex"02aa")));
        vm.expectEmit(address(keys));
        emit IKeyRegistry.KeyAdded(id, "message", hex"02aa");
        assertEq(keys.add("message", hex"02aa"), id, "id");
        vm.warp(200);
        vm.expectEmit(address(keys));
        emit IKeyRegistry.KeyRetired(id);
        keys.retire(id);
        assertEq(keys.keyOf(id).addedAt, 100, "addedAt");
        assertEq(keys.keyOf(id).retiredAt, 200, "retiredAt");
        assertEq(keys.keyIds().length, 1, "ids");
        expectError(abi.encodeWithSelector(IKeyRegistry.KnownKey.selector, id));
        keys.add("message", hex"02aa");
        expectError(abi.encodeWithSelector(IKeyRegistry.NotInUse.selector, id));
        keys.retire(id);
    }

    function test_Add_refusesEmptyAndStrangers() public {
        expectError(abi.encodeWithSelector(IKeyRegistry.BadArgument.selector));
        keys.add("", hex"02aa");
        expectError(abi.encodeWithSelector(IKeyRegistry.BadArgument.selector));
        keys.add("message", "");
        vm.prank(address(9));
        expectError(abi.encodeWithSelector(IKeyRegistry.NotRegistrar.selector, address(9)));
        keys.add("message", hex"02aa");
    }

    function test_Retire_refusesTheUnknownAndStrangers() public {
        expectError(abi.encodeWithSelector(IKeyRegistry.NotInUse.selector, bytes32(uint256(5))));
        keys.retire(bytes32(uint256(5)));
        vm.prank(address(9));
        expectError(abi.encodeWithSelector(IKeyRegistry.NotRegistrar.selector, address(9)));
        keys.retire(bytes32(uint256(5)));
    }
}
