// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IOwners} from "../interfaces/IOwners.sol";

/// @title Actions of e of f owners
/// @notice Each owner sends the same call within a day of the first; the e-th executes it and the count starts anew. A
/// late call counts alone and is forgotten after a day, so no single owner can complete later what the others consider
/// done. An action that may be wanted again carries a number, so that a late approval belongs to none of the later
/// ones.
abstract contract OwnerApprovals {
    /// @dev An owner that changes its mind has to wait this long.
    uint64 private constant APPROVAL_SECONDS = 1 days;

    /// @param owners one bit per owner that asked for the action
    /// @param expiresAt timestamp in seconds from which they no longer count
    struct Approvals {
        uint256 owners;
        uint64 expiresAt;
    }

    mapping(bytes32 action => Approvals) private approvals;

    /// @dev The body runs only for the e-th distinct owner that sends this very calldata.
    modifier byOwners() {
        if (_approve()) _;
    }

    /// @dev The contract that lists the owners.
    function _owners() internal view virtual returns (IOwners);

    function _requireOwner() internal view {
        if (_owners().ownerIndex(msg.sender) == 0) revert IOwners.NotOwner(msg.sender);
    }

    function _approve() private returns (bool) {
        IOwners owners = _owners();
        uint256 index = owners.ownerIndex(msg.sender);
        if (index == 0) revert IOwners.NotOwner(msg.sender);
        bytes32 action = keccak256(msg.data);
        Approvals storage given = approvals[action];
        bool isNew = block.timestamp >= given.expiresAt;
        uint256 mask = (isNew ? 0 : given.owners) | (1 << index);
        uint256 needed = owners.approvalsNeeded();
        uint256 count = 0;
        for (uint256 rest = mask; rest != 0; rest &= rest - 1) ++count;
        if (count >= needed) {
            delete approvals[action];
        } else {
            given.owners = mask;
            if (isNew) given.expiresAt = uint64(block.timestamp) + APPROVAL_SECONDS;
        }
        emit IOwners.Approved(action, msg.sender, count, needed);
        return count >= needed;
    }
}
