// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Anchors of Merkle log checkpoints (protocol section 9)
/// @notice Keeps the last (size, root) per origin. The first account to anchor an origin is the only one that may go on.
interface ICheckpointAnchor {
    /// @param size leaves in the log
    /// @param root RFC 6962 root of that many leaves
    /// @param account the only account that anchors this origin
    /// @param anchoredAt block timestamp in seconds
    struct Anchor {
        uint64 size;
        bytes32 root;
        address account;
        uint64 anchoredAt;
    }

    /// @param originHash keccak256 of the origin
    event Anchored(
        bytes32 indexed originHash, address indexed account, uint64 indexed size, bytes32 root, string origin
    );

    error EmptyOrigin();
    error ZeroRoot();
    /// @notice The origin belongs to another account.
    error NotOriginAccount(address account);
    /// @notice The log would shrink.
    error SizeShrinks(uint64 anchored, uint64 size);
    /// @notice The log would have two roots of one size: it forked.
    error RootChanges(uint64 size, bytes32 anchored, bytes32 root);

    /// @notice Anchors a checkpoint; the same one again does nothing.
    /// @param origin first line of the signed checkpoint (c2sp.org/tlog-checkpoint)
    function anchor(string calldata origin, uint64 size, bytes32 root) external;

    /// @notice Last anchor of an origin; zeros when there is none.
    function last(string calldata origin) external view returns (Anchor memory);
}
