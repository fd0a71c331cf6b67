// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Anchors of Merkle log checkpoints (protocol section 9)
/// @notice Keeps the last (size, root) per account and origin. Nobody owns an origin here: an account anchors for
/// itself alone, readers name the account whose anchors they want, and no account can block another.
interface ICheckpointAnchor {
    /// @param size leaves in the log
    /// @param anchoredAt block timestamp in seconds
    /// @param root RFC 6962 root of that many leaves
    struct Anchor {
        uint64 size;
        uint64 anchoredAt;
        bytes32 root;
    }

    /// @param originHash keccak256 of the origin
    event Anchored(
        bytes32 indexed originHash, address indexed account, uint64 indexed size, bytes32 root, string origin
    );

    error EmptyOrigin();
    error ZeroRoot();
    /// @notice The log would shrink.
    error SizeShrinks(uint64 anchored, uint64 size);
    /// @notice The log forked: it would have two roots of one size.
    error RootChanges(uint64 size, bytes32 anchored, bytes32 root);

    /// @notice Anchors a checkpoint as the sender's; the same one again does nothing.
    /// @param origin first line of the signed checkpoint (c2sp.org/tlog-checkpoint)
    function anchor(string calldata origin, uint64 size, bytes32 root) external;

    /// @notice Last anchor of an origin by this account; zeros when there is none.
    function last(address account, string calldata origin) external view returns (Anchor memory);
}
