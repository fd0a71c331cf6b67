// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-5564 announcer
interface IERC5564Announcer {
    /// @param schemeId 1 = secp256k1 with view tags
    /// @param stealthAddress the one-time account
    /// @param caller the account that announced
    /// @param ephemeralPubKey R, compressed
    /// @param metadata view tag in the first byte
    event Announcement(
        uint256 indexed schemeId,
        address indexed stealthAddress,
        address indexed caller,
        bytes ephemeralPubKey,
        bytes metadata
    );

    /// @notice Tells the holder of a meta-address where to look.
    function announce(uint256 schemeId, address stealthAddress, bytes memory ephemeralPubKey, bytes memory metadata)
        external;
}
