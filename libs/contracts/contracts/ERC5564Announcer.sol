// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5564Announcer} from "./interfaces/IERC5564Announcer.sol";

/// @title ERC-5564 announcer
/// @notice Promises, units and errors are at IERC5564Announcer.
contract ERC5564Announcer is IERC5564Announcer {
    /// @inheritdoc IERC5564Announcer
    function announce(uint256 schemeId, address stealthAddress, bytes memory ephemeralPubKey, bytes memory metadata)
        external
    {
        emit Announcement(schemeId, stealthAddress, msg.sender, ephemeralPubKey, metadata);
    }
}
