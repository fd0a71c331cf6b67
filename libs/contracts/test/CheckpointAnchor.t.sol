// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CheckpointAnchor} from "../contracts/CheckpointAnchor.sol";
import {ICheckpointAnchor} from "../contracts/interfaces/ICheckpointAnchor.sol";
import {Test} from "./support/Test.sol";

contract CheckpointAnchorTest is Test {
    CheckpointAnchor private anchors = new CheckpointAnchor();
    bytes32 private constant ROOT = bytes32(uint256(1));

    function test_Anchor_keepsTheLast() public {
        vm.warp(50);
        vm.expectEmit(address(anchors));
        emit ICheckpointAnchor.Anchored(keccak256("north"), address(this), 3, ROOT, "north");
        anchors.anchor("north", 3, ROOT);
        anchors.anchor("north", 4, bytes32(uint256(2)));
        vm.snapshotGasLastCall("gas", "CheckpointAnchor.anchor");
        ICheckpointAnchor.Anchor memory last = anchors.last(address(this), "north");
        assertEq(last.size, 4, "size");
        assertEq(last.root, bytes32(uint256(2)), "root");
        assertEq(last.anchoredAt, 50, "anchoredAt");
        assertEq(anchors.last(address(this), "south").root, 0, "other origin");
    }

    function test_Anchor_repeatsSilently() public {
        anchors.anchor("north", 3, ROOT);
        vm.recordLogs();
        anchors.anchor("north", 3, ROOT);
        assertEq(vm.getRecordedLogs().length, 0, "events");
    }

    function test_Anchor_refusesShrinkingForkingAndZeros() public {
        anchors.anchor("north", 3, ROOT);
        expectError(abi.encodeWithSelector(ICheckpointAnchor.SizeShrinks.selector, 3, 2));
        anchors.anchor("north", 2, ROOT);
        expectError(abi.encodeWithSelector(ICheckpointAnchor.RootChanges.selector, 3, ROOT, bytes32(uint256(2))));
        anchors.anchor("north", 3, bytes32(uint256(2)));
        expectError(abi.encodeWithSelector(ICheckpointAnchor.ZeroRoot.selector));
        anchors.anchor("north", 4, 0);
        expectError(abi.encodeWithSelector(ICheckpointAnchor.EmptyOrigin.selector));
        anchors.anchor("", 4, ROOT);
    }

    /// @dev Whoever squats an origin, with whatever size, stops nobody else.
    function test_Anchor_isEachAccountsOwn() public {
        bytes32 other = bytes32(uint256(9));
        vm.prank(address(9));
        anchors.anchor("north", 1000, other);
        assertEq(anchors.last(address(this), "north").root, 0, "another account's anchor");
        anchors.anchor("north", 3, ROOT);
        anchors.anchor("north", 4, ROOT);
        assertEq(anchors.last(address(this), "north").size, 4, "size");
        assertEq(anchors.last(address(9), "north").size, 1000, "the other's size");
        assertEq(anchors.last(address(9), "north").root, other, "the other's root");
    }
}
