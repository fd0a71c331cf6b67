// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOwners} from "../interfaces/IOwners.sol";

/// @title Actions of e of f owners
/// @notice Each owner sends the same call; the e-th executes it and the count starts anew. An approval has no expiry:
/// an owner who changed its mind has no way back but the others' refusal to join.
abstract contract OwnerApprovals {
    /// @dev One bit per owner that asked for the action.
    mapping(bytes32 action => uint256) private approvals;

    /// @dev The body runs only for the e-th distinct owner that sends this very calldata.
    modifier byOwners() {
        if (_approve()) _;
    }

    /// @dev Where the owners are listed.
    function _owners() internal view virtual returns (IOwners);

    function _requireOwner() internal view {
        if (_owners().ownerIndex(msg.sender) == 0) revert IOwners.NotOwner(msg.sender);
    }

    function _approve() private returns (bool) {
        IOwners owners = _owners();
        uint256 index = owners.ownerIndex(msg.sender);
        if (index == 0) revert IOwners.NotOwner(msg.sender);
        bytes32 action = keccak256(msg.data);
        uint256 mask = approvals[action] | (1 << index);
        uint256 needed = owners.approvalsNeeded();
        uint256 count = 0;
        for (uint256 rest = mask; rest != 0; rest &= rest - 1) ++count;
        approvals[action] = count < needed ? mask : 0;
        emit IOwners.Approved(action, msg.sender, count, needed);
        return count >= needed;
    }
}
