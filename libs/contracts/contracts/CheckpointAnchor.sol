// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICheckpointAnchor} from "./interfaces/ICheckpointAnchor.sol";

/// @title Last checkpoint of each account's logs
/// @notice Promises, units and errors are at ICheckpointAnchor.
contract CheckpointAnchor is ICheckpointAnchor {
    mapping(address account => mapping(bytes32 originHash => Anchor)) private anchors;

    /// @inheritdoc ICheckpointAnchor
    function anchor(string calldata origin, uint64 size, bytes32 root) external {
        if (bytes(origin).length == 0) revert EmptyOrigin();
        if (root == 0) revert ZeroRoot();
        bytes32 originHash = keccak256(bytes(origin));
        Anchor storage known = anchors[msg.sender][originHash];
        if (known.root != 0) {
            if (size < known.size) revert SizeShrinks(known.size, size);
            if (size == known.size) {
                if (root != known.root) revert RootChanges(size, known.root, root);
                return;
            }
        }
        anchors[msg.sender][originHash] = Anchor(size, uint64(block.timestamp), root);
        emit Anchored(originHash, msg.sender, size, root, origin);
    }

    /// @inheritdoc ICheckpointAnchor
    function last(address account, string calldata origin) external view returns (Anchor memory) {
        return anchors[account][keccak256(bytes(origin))];
    }
}
