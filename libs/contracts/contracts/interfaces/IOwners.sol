// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The consortium's owners, e of f
interface IOwners {
    /// @notice The sender is no owner, and the action needs one.
    error NotOwner(address sender);

    /// @notice One owner asked for an action; it happens when enough distinct owners asked for exactly the same within a
    /// day of the first.
    /// @param action keccak256 of the contract's calldata
    event Approved(bytes32 indexed action, address indexed owner, uint256 count, uint256 needed);

    /// @notice Place of an owner, from 1; 0 for everybody else.
    function ownerIndex(address account) external view returns (uint256);

    /// @notice e: how many owners an action needs.
    function approvalsNeeded() external view returns (uint256);
}
